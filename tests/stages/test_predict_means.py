"""Predicting by an ensemble: two models of two input sizes, asked together."""

import json

import commands
import drawn
import numpy as np
import pytest
import yaml

from wreck_core import files, images
from wreck_core import params as params_module
from wreck_core.errors import InputError
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.report import ensembles, evidence
from wreck_core.stages import predict, train

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MEMBERS = ["efficientnet_lite0", "scratch_cnn"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Params, Layout]:
    """A workspace with two trained backbones and the row of their mean."""
    layout = Layout(tmp_path_factory.mktemp("trained"))
    quick = drawn.quick(params_module.load(drawn.REPOSITORY / "params.yaml"))
    rows = {name: quick.backbones[name] for name in MEMBERS}
    params = quick.model_copy(update={"backbones": rows, "ensembles": {"pair": MEMBERS}})
    drawn.fill(layout)
    for name in MEMBERS:
        train.run(params, layout, name)
    return params, layout


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> str:
    """A folder with a few usual pictures, and one that is like nothing that trained."""
    folder = tmp_path_factory.mktemp("pictures")
    for at in range(6):
        drawn.write_picture(folder / f"usual{at}.png", ("damaged", "undamaged")[at % 2], 700 + at)
    checks = np.kron(np.random.default_rng(8).integers(0, 2, (12, 12)), np.ones((4, 4)))
    (folder / "checks.png").write_bytes(
        images.encode((checks[..., None] * [255, 0, 255]).astype(np.uint8), "png")
    )
    return str(folder)


def test_an_ensemble_says_the_mean_of_its_members_and_judges_it_as_the_board_does(trained, pictures):
    said = {name: predict.run(*trained, [pictures], name) for name in ("pair", *MEMBERS)}
    pair, one, other = (summary.data["rows"] for summary in said.values())
    for mean, *members in zip(pair, one, other, strict=True):
        p = np.mean([row["p_damaged"] for row in members])
        assert mean["p_damaged"] == pytest.approx(p, abs=2e-6)
        assert mean["label"] == ("damaged" if mean["p_damaged"] >= 0.5 else "undamaged")
        assert mean["margin"] == pytest.approx(p - 0.5, abs=2e-6)
        assert mean["in_distribution"] == all(row["in_distribution"] for row in members)
        assert (mean["model"], list(mean)) == ("pair", list(members[0]))
    assert pair[0]["in_distribution"] is False  # checks.png
    assert said["pair"].headline == "7 pictures classified by pair"
    board = ensembles.add(trained[0], evidence.read(*trained))
    (of_board,) = [model for model in board.models if model.name == "pair"]
    assert {row["threshold"] for row in pair} == {of_board.facts["threshold"]}


def test_one_member_that_knows_a_picture_for_strange_is_enough_and_none_that_knows_says_nothing(
    trained, pictures, tmp_path
):
    params, layout = trained
    known = [layout.model(name) / "in_distribution.npz" for name in MEMBERS]
    for path in known:
        path.rename(tmp_path / path.parent.name)
    told = [predict.run(params, layout, [pictures], "pair").data["rows"][0]["in_distribution"]]
    for path in known:
        (tmp_path / path.parent.name).rename(path)
        told.append(predict.run(params, layout, [pictures], "pair").data["rows"][0]["in_distribution"])
    alone = predict.run(params, layout, [pictures], MEMBERS[0]).data["rows"][0]["in_distribution"]
    assert told == [None, alone, False]


def test_heat_maps_of_an_ensemble_are_left_in_the_folder(trained, pictures, tmp_path):
    predict.run(*trained, [pictures], "pair", explain=tmp_path)
    maps = sorted(path.name.rpartition("-")[0] for path in tmp_path.iterdir())
    assert maps == ["checks", *(f"usual{at}" for at in range(6))]


def test_the_command_takes_an_ensemble_by_its_name(trained, pictures):
    params, layout = trained
    layout.params.write_text(yaml.safe_dump(params.model_dump()))
    words = ["--workspace", str(layout.root), "predict", pictures, "--model", "pair", "--json"]
    done = commands.run(layout.root, "wreck", *words)
    assert (done.returncode, done.stderr) == (0, "")
    expected = predict.run(params, layout, [pictures], "pair").data["rows"]
    free = [row | {"ms": None} for row in expected]
    assert [row | {"ms": None} for row in json.loads(done.stdout)["rows"]] == free


def test_a_member_that_is_not_trained_is_named(trained, pictures):
    params, layout = trained
    wider = params.model_copy(update={"ensembles": {"three": [*MEMBERS, "mobilenet"]}})
    with pytest.raises(InputError, match=r"models/mobilenet: there is no trained model") as raised:
        predict.run(wider, layout, [pictures], "three")
    assert "dvc repro" in raised.value.fix


def test_members_of_other_classes_are_not_averaged(trained, pictures):
    params, layout = trained
    path = layout.model("scratch_cnn") / "model.json"
    before = path.read_text()
    files.write_json(path, files.read_json(path) | {"classes": ["undamaged", "damaged"]})
    try:
        with pytest.raises(InputError, match="scratch_cnn: was trained for other classes") as raised:
            predict.run(params, layout, [pictures], "pair")
    finally:
        path.write_text(before)
    assert "dvc repro" in raised.value.fix
