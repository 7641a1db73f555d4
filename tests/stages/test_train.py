import json

import drawn
import pandas as pd
import pytest

from wreck_core import files
from wreck_core.errors import BusyError, GateError, ParamsError, StorageError, UsageError, WeightsError
from wreck_core.params import Params
from wreck_core.stages import train

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

OOF_COLUMNS = [
    "sha256",
    "cluster",
    "source",
    "fold",
    "seed",
    "label",
    "p_raw",
    "p_calibrated",
    "backbone",
    "weights_sha256",
]
METRICS = {
    *("backbone", "builder", "recipe", "weights", "weights_source", "weights_sha256", "input_px", "params_m"),
    *(
        "size_mb",
        "ms_per_image_p50",
        "ms_per_image_p95",
        "peak_rss_mb",
        "fit_s",
        "threads",
        "seed",
        "threshold",
    ),
    *("threshold_rule", "temperature", "c", "n_images", "roc_auc", "log_loss", "accuracy", "git_sha"),
    *("roc_auc_low", "roc_auc_high"),
    *("data_rev", "versions", "fingerprint", "compared", "learning_curve", "leave_one_source_out"),
}


@pytest.mark.parametrize(("name", "at_least"), [("efficientnet_lite0", 0.9), ("scratch_cnn", 0.0)])
def test_a_backbone_leaves_its_model_its_predictions_and_its_facts(layout, params, name, at_least):
    drawn.fill(layout)
    seen: list[tuple[int, int]] = []
    quick = drawn.quick(params)
    summary = train.run(quick, layout, name, lambda done, total, text: seen.append((done, total)))
    folder = layout.model(name)
    written = {path.name for path in folder.iterdir()}
    tables = {"oof.parquet", "history.csv", "metrics.json"}
    model = {"model.keras", "model.json", "model_card.md", "golden.json", "in_distribution.npz"}
    assert written == model | tables

    table = pd.read_parquet(folder / "oof.parquet")
    manifest = pd.read_parquet(layout.manifest)
    assert table.columns.tolist() == OOF_COLUMNS
    assert table["sha256"].tolist() == manifest["sha256"].tolist()
    assert (table["fold"] == manifest["fold"].where(manifest["split"] == "fold", -1)).all()
    assert (table["label"] == (manifest["label"] == "damaged")).all()
    assert table[["p_raw", "p_calibrated"]].min().min() >= 0
    assert table[["p_raw", "p_calibrated"]].max().max() <= 1

    metrics = files.read_json(folder / "metrics.json")
    assert set(metrics) == METRICS
    assert metrics["n_images"] == (manifest["split"] == "fold").sum()
    assert at_least <= metrics["roc_auc"]
    assert metrics["roc_auc_low"] <= metrics["roc_auc"] <= metrics["roc_auc_high"]
    curve = metrics["learning_curve"]
    if name == "efficientnet_lite0":
        assert curve[-1]["share"] == 1
        assert [row["n_images"] for row in curve] == sorted(row["n_images"] for row in curve)
        assert 0.8 < curve[-1]["roc_auc"] <= 1
    else:
        assert curve == []
    assert summary.data == metrics
    history = pd.read_csv(folder / "history.csv")
    assert history.columns[-1] in ("log_loss", "held_out_loss")  # DVC plots the last column
    assert history.groupby("fold")["chosen"].sum().to_dict() == dict.fromkeys((-1, 0, 1, 2), 1)
    card = files.read_json(folder / "model.json")
    assert card["classes"] == ["damaged", "undamaged"]
    assert card["metrics"] == {key: metrics[key] for key in card["metrics"]}
    assert {"roc_auc", "roc_auc_low", "roc_auc_high"} <= set(card["metrics"])
    page = (folder / "model_card.md").read_text()
    assert f"whole] | {metrics['roc_auc']:.3f} [" in page
    assert "{" not in page
    assert seen[-1][0] == seen[-1][1]
    assert not list(layout.checkpoints.glob("*"))

    before = (folder / "oof.parquet").read_bytes()
    if name == "efficientnet_lite0":  # as on another machine: nothing is kept from before
        for path in layout.features.iterdir():
            path.unlink()
    train.run(quick, layout, name)
    assert (folder / "oof.parquet").read_bytes() == before


def test_three_classes_are_trained_too(layout, params):
    classes = ("damaged", "undamaged", "worn")
    drawn.fill(layout, per_class=12, classes=classes)
    raw = drawn.quick(params).model_dump()
    raw["labels"]["classes"] = list(classes)
    raw["labels"]["keys"]["worn"] = "5"
    raw["labels"]["colours"]["worn"] = "#f0e442"
    summary = train.run(Params.model_validate(raw), layout, "mobilenet_random")
    table = pd.read_parquet(layout.model("mobilenet_random") / "oof.parquet")
    assert table["label"].sum() == 12
    assert 0 <= summary.data["roc_auc"] <= 1
    assert len(summary.data["weights_sha256"]) == 64


@pytest.mark.parametrize(
    ("name", "error", "reason"),
    [
        ("no_such_file", WeightsError, "there is no such file of weights"),
        ("no_such_builder", ParamsError, "there is no builder no_such_builder"),
    ],
)
def test_a_backbone_that_fails_leaves_the_reason_and_is_raised(layout, params, name, error, reason):
    drawn.fill(layout, per_class=8)
    with pytest.raises(error, match=reason):
        train.run(drawn.quick(params), layout, name)
    left = json.loads((layout.model(name) / "failed.json").read_text())
    assert left["backbone"] == name
    assert left["reason"].endswith(reason)
    assert left["fix"]


def test_a_broken_picture_fails_the_row_and_a_mended_one_clears_it(layout, params):
    drawn.fill(layout, per_class=8)
    victim = layout.root / pd.read_parquet(layout.manifest)["path"][0]
    whole = victim.read_bytes()
    victim.write_bytes(whole[:100])
    quick = drawn.quick(params)
    with pytest.raises(Exception, match="damaged"):
        train.run(quick, layout, "mobilenet_random")
    failed = layout.model("mobilenet_random") / "failed.json"
    assert failed.exists()
    victim.write_bytes(whole)
    train.run(quick, layout, "mobilenet_random")
    assert not failed.exists()


def test_too_few_pictures_are_refused_with_what_to_do(layout, params):
    drawn.fill(layout, per_class=2)
    with pytest.raises(GateError) as raised:
        train.run(drawn.quick(params), layout, "mobilenet_random")
    assert "label more pictures" in raised.value.fix


def test_a_name_that_is_no_row_lists_the_rows_and_leaves_no_folder(layout, params):
    with pytest.raises(UsageError, match="there is no backbone typo") as raised:
        train.run(params, layout, "typo")
    assert "mobilenet_v2" in raised.value.fix
    assert not layout.models.exists()


def test_a_setting_that_would_be_ignored_is_refused(layout, params):
    drawn.fill(layout, per_class=8)
    quick = drawn.quick(params)
    row = quick.backbones["mobilenet_random"].model_copy(update={"dropout": 0.3})
    with pytest.raises(ParamsError, match="dropout is for scratch_cnn alone"):
        train.run(quick.model_copy(update={"backbones": {"one": row}}), layout, "one")


def test_a_row_that_another_process_trains_is_left_alone(layout, params):
    drawn.fill(layout)
    quick = drawn.quick(params)
    with (
        files.locked(layout.locks, "train@scratch_cnn"),
        pytest.raises(BusyError, match="busy: train@scratch_cnn"),
    ):
        train.run(quick, layout, "scratch_cnn")
    assert not (layout.model("scratch_cnn") / "failed.json").exists()


def test_a_new_model_never_stands_beside_the_card_of_an_old_one(layout, params):
    drawn.fill(layout)
    quick = drawn.quick(params)
    train.run(quick, layout, "scratch_cnn")
    folder = layout.model("scratch_cnn")
    assert (folder / "metrics.json").exists()
    (folder / "golden.json").unlink()
    (folder / "golden.json").mkdir()  # what comes after the model cannot be written
    with pytest.raises(StorageError):
        train.run(quick, layout, "scratch_cnn")
    assert (folder / "model.keras").exists()
    assert not (folder / "model.json").exists()
    assert not (folder / "metrics.json").exists()


def test_an_input_too_small_for_its_backbone_is_an_error_of_the_params(layout, params):
    drawn.fill(layout)
    raw = drawn.quick(params).model_dump()
    raw["backbones"]["inception_v3"] = {"weights": "none", "recipe": "frozen", "input_px": 64}
    with pytest.raises(ParamsError, match=r"input_px: 64 does not fit inception_v3: .*75x75"):
        train.run(Params.model_validate(raw), layout, "inception_v3")
