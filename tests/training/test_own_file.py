import json
import zipfile
from pathlib import Path

import drawn
import numpy as np
import pytest

from wreck_core import files
from wreck_core.errors import WeightsError
from wreck_core.params import BackboneRow, Params
from wreck_core.stages import train
from wreck_core.training import backbones, features, graph, model_file, own_file, weights
from wreck_core.training.runtime import keras

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def row(file: str, preprocessing: str = "tf", input_px: int = 48) -> BackboneRow:
    return BackboneRow(weights=file, preprocessing=preprocessing, input_px=input_px)


def build(tmp_path, network, input_px: int = 48) -> keras.Model:
    network.save(tmp_path / "mine.keras")
    return own_file.backbone(row("mine.keras"), tmp_path).build(input_px)


def test_a_saved_network_trains_as_the_row_that_it_was_made_from(layout, params):
    """The same network, by the table and as a file of the user's own: the same features for the head."""
    drawn.fill(layout)
    embedded = backbones.find("efficientnet_lite0")
    network = embedded.build(48)
    weights.load(network, weights.resolve(embedded, "imagenet", [], layout.root).path)
    graph.widened(embedded, network).save(layout.root / "mine.keras")
    raw = drawn.quick(params).model_dump()
    raw["backbones"]["mine"] = row("mine.keras", "lite").model_dump()
    quick = Params.model_validate(raw)
    names = ("efficientnet_lite0", "mine")
    for name in names:
        train.run(quick, layout, name)
    pictures = np.random.default_rng(3).integers(0, 256, (4, 48, 48, 3)).astype(np.uint8)
    one, other = (model_file.load(layout.model(name) / "model.keras") for name in names)
    seen = [features.compiled(keras.Model(model.input, graph.features(model))) for model in (one, other)]
    np.testing.assert_allclose(seen[0](pictures), seen[1](pictures), rtol=1e-4, atol=1e-5)
    facts = files.read_json(layout.model("mine") / "metrics.json")
    assert (facts["builder"], facts["weights_source"], facts["recipe"]) == ("own_file_lite", "path", "frozen")
    assert len(facts["weights_sha256"]) == 64
    assert np.asarray(other(np.zeros((1, 30, 70, 3), np.uint8))).shape == (1, 2)


def test_maps_are_pooled_by_their_mean_and_layers_of_its_own_stay(tmp_path):
    picture = np.random.default_rng(3).uniform(0, 255, (2, 48, 48, 3)).astype(np.float32)
    normalise = keras.layers.Normalization(mean=[9.0, 8.0, 7.0], variance=[4.0, 5.0, 6.0])
    network = keras.Sequential([keras.Input((None, None, 3)), normalise, keras.layers.Conv2D(5, 3)])
    maps = np.asarray(network(picture))
    trunk = graph.with_preprocessing(
        own_file.backbone(row("x.keras", "none"), tmp_path), build(tmp_path, network)
    )
    np.testing.assert_allclose(
        features.compiled(trunk)(picture), maps.mean(axis=(1, 2)), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("mode", own_file.MODES)
def test_every_mode_reaches_the_network_as_it_says(mode):
    known = {"tf": 1.0, "unit": 1.0, "lite": 1.0, "none": 255.0, "torch": 2.64, "caffe": 151.061}
    white = np.full((1, 2, 2, 3), 255, np.float32)
    described = own_file.backbone(row("m.keras", mode), Path())
    assert float(np.asarray(described.preprocessing(white)).max()) == pytest.approx(known[mode], abs=1e-3)


def test_the_store_keeps_the_modes_apart():
    names = {own_file.backbone(row("m.keras", mode), Path()).name for mode in own_file.MODES}
    assert len(names) == len(own_file.MODES)


def test_a_file_that_holds_code_is_a_failed_row_and_runs_none_of_it(layout, params, tmp_path):
    drawn.fill(layout)
    image = keras.Input((48, 48, 3))
    keras.Sequential([image, keras.layers.Lambda(lambda x: x[:, 0, 0, :])]).save(layout.root / "lambda.keras")
    keras.Sequential([image, keras.layers.Flatten()]).save(layout.root / "program.keras")
    ran = tmp_path / "ran"
    start_a_program(layout.root / "program.keras", ran)
    (layout.root / "pickle.keras").write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    raw = drawn.quick(params).model_dump()
    for name in ("lambda", "program", "pickle"):
        raw["backbones"][name] = row(f"{name}.keras").model_dump()
    quick = Params.model_validate(raw)
    for name in ("lambda", "program", "pickle"):
        with pytest.raises(WeightsError, match="no model that can be loaded safely") as refused:
            train.run(quick, layout, name)
        assert "no Lambda" in refused.value.fix
        assert "loaded safely" in files.read_json(layout.model(name) / "failed.json")["reason"]
    assert not ran.exists()


def start_a_program(path: Path, ran: Path) -> None:
    """Make the last layer of a file one that starts a program when it is loaded."""
    with zipfile.ZipFile(path) as packed:
        inside = {name: packed.read(name) for name in packed.namelist()}
    config = json.loads(inside["config.json"])
    config["config"]["layers"][-1] = {
        "module": "subprocess",
        "class_name": "Popen",
        "config": {"args": ["touch", str(ran)]},
        "registered_name": "Popen",
    }
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in {**inside, "config.json": json.dumps(config).encode()}.items():
            packed.writestr(name, data)


@pytest.mark.parametrize("wrong", ["grey", "size", "vectors", "two outputs"])
def test_a_network_of_another_shape_is_refused_with_what_to_do(tmp_path, wrong):
    image = keras.Input((48, 48, 1 if wrong == "grey" else 3))
    maps = keras.layers.Conv2D(4, 3)(image)
    outputs = {"vectors": keras.layers.Reshape((46 * 46, 4))(maps), "two outputs": [maps, maps]}
    network = keras.Model(image, outputs.get(wrong, keras.layers.Flatten()(maps)))
    with pytest.raises(WeightsError, match="one vector of features") as refused:
        build(tmp_path, network, 64 if wrong == "size" else 48)
    assert "without its classifier" in refused.value.fix


def test_a_missing_file_is_said_by_the_doctor_and_by_training(tmp_path, params):
    assert weights.describe("mine", row("gone.keras"), params.weights, tmp_path).startswith("missing: ")
    described = own_file.backbone(row("gone.keras"), tmp_path)
    with pytest.raises(WeightsError, match="no such file"):
        weights.resolve(described, "gone.keras", [], tmp_path)
