"""What other runtimes say of a picture is what the trained model says."""

from pathlib import Path

import drawn
import numpy as np
import pytest

from wreck_core import files
from wreck_core.errors import GateError, InputError
from wreck_core.inference import convert, copies, fastest
from wreck_core.training import backbones, features, golden, graph, litert, model_file, weights
from wreck_core.training.runtime import keras, tf

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SMALL = 75  # the least that inception_v3 takes is 75; xception takes 71
CLOSE = 1e-3


def build(name: str, side_px: int, weights_path: Path | None = None) -> keras.Model:
    """A model, by default of random weights, with a head of three classes that makes logits of usual size."""
    keras.utils.set_random_seed(29)
    row = backbones.find(name)
    backbone = row.build(side_px)
    if weights_path is not None:
        weights.load(backbone, weights_path)
    trunk = graph.with_preprocessing(row, backbone)
    network = keras.Model(trunk.input, keras.layers.Dense(3, name="logits")(trunk.output))
    length = np.linalg.norm(features.compiled(trunk)(squares(side_px)), axis=1).mean()
    kernel = np.random.default_rng(3).normal(0, 2 / length, (trunk.output_shape[1], 3))
    network.layers[-1].set_weights([kernel, np.zeros(3)])
    return model_file.assemble(network, 1.3, name)


def squares(side_px: int, count: int = 3) -> np.ndarray:
    labels = ("damaged", "undamaged", "worn")
    rng = np.random.default_rng(5)
    return np.stack([drawn.picture(rng, labels[at % 3], side_px) for at in range(count)])


QUICK = {"mobilenet_v2", "efficientnet_lite0", "scratch_cnn"}
ROWS = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in sorted(backbones.TABLE)
]


@pytest.mark.parametrize("name", ROWS)
def test_every_row_gives_the_same_answers_in_litert(name, tmp_path):
    model = build(name, SMALL)
    convert.to_litert(model, tmp_path / "m.tflite")
    pictures = squares(SMALL)
    expected = features.compiled(model)(pictures)
    np.testing.assert_allclose(copies.open_litert(tmp_path / "m.tflite")(pictures), expected, atol=CLOSE)
    head_stands_on = features.compiled(keras.Model(model.input, model.layers[-1].input))(pictures)
    network = litert.Network(tmp_path / "m.tflite")
    found = np.stack([network(picture)["features"] for picture in pictures])
    np.testing.assert_allclose(found, head_stands_on, atol=CLOSE * np.abs(head_stands_on).max())
    by_many = litert.Network(tmp_path / "m.tflite", threads=3)
    np.testing.assert_array_equal(np.stack([by_many(picture)["features"] for picture in pictures]), found)


def test_a_saved_model_and_an_onnx_file_give_the_same_answers_for_any_number_of_pictures(tmp_path):
    model, pictures = build("mobilenet_v2", 64), squares(64, 5)
    expected = features.compiled(model)(pictures)
    convert.to_saved_model(model, tmp_path / "saved")
    np.testing.assert_allclose(copies.open_saved_model(tmp_path / "saved")(pictures), expected, atol=CLOSE)
    pytest.importorskip("tf2onnx", reason="the extra `onnx` is not installed")
    convert.to_onnx(model, tmp_path / "m.onnx")
    np.testing.assert_allclose(copies.open_onnx(tmp_path / "m.onnx")(pictures), expected, atol=CLOSE)


@pytest.mark.slow
def test_int8_is_smaller_and_close(tmp_path):
    lite0 = backbones.find("efficientnet_lite0")  # with its true weights: random ones cannot be scaled
    found = weights.resolve(lite0, "imagenet", [], tmp_path)
    model, pictures = build("efficientnet_lite0", 64, found.path), squares(64, 12)
    convert.to_litert(model, tmp_path / "whole.tflite")
    convert.to_litert(model, tmp_path / "int8.tflite", list(pictures))
    assert (tmp_path / "int8.tflite").stat().st_size < 0.4 * (tmp_path / "whole.tflite").stat().st_size
    said = copies.open_litert(tmp_path / "int8.tflite")(pictures)
    expected = features.compiled(model)(pictures)
    assert np.abs(said - expected).mean() < 0.1
    assert np.corrcoef(said.ravel(), expected.ravel())[0, 1] > 0.95


def test_golden_answers_find_a_copy_that_is_another_model(tmp_path):
    model = build("scratch_cnn", 48)
    forward = features.compiled(model)
    golden.write(tmp_path / "golden.json", forward, 48)
    assert golden.check(tmp_path / "golden.json", forward, 1e-6, "m") < 1e-6
    head = model.layers[-1]
    head.set_weights([array * 1.5 for array in head.get_weights()])
    with pytest.raises(GateError, match="differs from the trained model"):
        golden.check(tmp_path / "golden.json", features.compiled(model), CLOSE, "m")
    with pytest.raises(GateError, match="nan"):
        golden.check(tmp_path / "golden.json", lambda pictures: forward(pictures) * np.nan, CLOSE, "m")
    with pytest.raises(InputError, match="no golden answers"):
        golden.check(tmp_path / "gone.json", forward, CLOSE, "m")


def test_golden_tiles_fill_a_picture_of_any_size():
    tiles = np.arange(2 * 2 * 3).reshape(2, 2, 3)
    picture = golden.draw(tiles.tolist(), 5)
    assert picture.shape == (5, 5, 3)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture[[0, 0, 4, 4], [0, 4, 0, 4]], tiles.reshape(4, 3))


def test_what_litert_cannot_hold_is_said_and_runs_in_keras(tmp_path):
    image = keras.Input((16, 16, 3))

    class Spectrum(keras.layers.Layer):
        """A layer whose matrix root exists in TensorFlow alone."""

        def call(self, x):
            grey = tf.reduce_mean(x, axis=-1) / 255
            return tf.math.real(tf.linalg.logm(tf.cast(grey + 9 * tf.eye(16), tf.complex64)))[:, 0]

        def compute_output_shape(self, shape):
            return (shape[0], 16)

    network = keras.Model(image, keras.layers.Dense(2, name="logits")(Spectrum()(image)))
    model = model_file.assemble(network, 1.0, "odd")
    with pytest.raises(litert.ConversionError, match="LiteRT cannot hold odd"):
        convert.to_litert(model, tmp_path / "m.tflite")
    assert list(tmp_path.iterdir()) == []
    picture = squares(16, 1)
    np.testing.assert_allclose(
        convert.in_keras(model)(picture)["p"], features.compiled(model)(picture), atol=1e-5
    )


@pytest.mark.parametrize("faster", ["litert", "keras"])
def test_the_faster_runtime_is_measured_once_and_remembered(faster, tmp_path):
    (tmp_path / "small").mkdir()
    model_file.save(build("mobilenet_v2", SMALL), tmp_path / "small" / "model.keras")
    told: list[str] = []
    first, _ = fastest.open_model(tmp_path / "small", tmp_path / "kept", 1, told.append)
    place = fastest.places(tmp_path / "small", tmp_path / "kept")
    measured = files.read_json(place.measure)
    assert set(measured["ms"]) == {"litert", "keras"}
    assert measured["runtime"] == min(measured["ms"], key=measured["ms"].get)
    files.write_json(place.measure, measured | {"runtime": faster})  # as another machine would find
    again, _ = fastest.open_model(tmp_path / "small", tmp_path / "kept", 1, told.append)
    assert isinstance(again, litert.Network) == (faster == "litert")
    (picture,) = squares(SMALL, 1)
    np.testing.assert_allclose(again(picture)["p"], first(picture)["p"], atol=CLOSE)
    assert len(told) == 1
    place.network.unlink()
    fastest.open_model(tmp_path / "small", tmp_path / "kept", 1, told.append)
    assert len(told) == (2 if faster == "litert" else 1)  # nothing is lost with the copy but time


def test_what_litert_will_not_open_runs_in_keras_and_the_reason_is_kept(tmp_path, capfd):
    """A mean over two of seven axes is converted, and refused by XNNPACK."""
    image = keras.Input((16, 16, 3))
    mean = keras.ops.mean(keras.layers.Reshape((2, 2, 2, 8, 2, 6))(image), (2, 4))
    network = keras.Model(image, keras.layers.Dense(2, name="logits")(keras.layers.Flatten()(mean)))
    model = model_file.assemble(network, 1.0, "odd")
    convert.to_litert(model, tmp_path / "m.tflite")
    with pytest.raises(litert.ConversionError, match="cannot open what was converted: failed to delegate"):
        copies.open_litert(tmp_path / "m.tflite")
    (tmp_path / "odd").mkdir()
    model_file.save(model, tmp_path / "odd" / "model.keras")
    told: list[str] = []
    for _ in range(2):
        answer, _ = fastest.open_model(tmp_path / "odd", tmp_path / "kept", 1, told.append)
    (picture,) = squares(16, 1)
    expected = features.compiled(model)(picture[None])[0]
    np.testing.assert_allclose(answer(picture)["p"], expected, atol=1e-5)
    (left,) = (tmp_path / "kept" / "odd").iterdir()
    measured = files.read_json(left)
    assert (measured["runtime"], list(measured["ms"])) == ("keras", ["keras"])
    assert "failed to delegate" in measured["why_not"]
    assert told[1:] == [f"Keras answers for odd: {measured['why_not']}"]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("left", [0, 0.5])
def test_a_damaged_copy_answers_by_keras_and_the_next_time_makes_a_new_one(left, tmp_path):
    (tmp_path / "small").mkdir()
    model_file.save(build("scratch_cnn", 32), tmp_path / "small" / "model.keras")
    told: list[str] = []

    def answer() -> np.ndarray:
        opened = fastest.open_model(tmp_path / "small", tmp_path / "kept", 1, told.append)
        return opened.answer(picture)["p"]

    (picture,) = squares(32, 1)
    expected = answer()
    place = fastest.places(tmp_path / "small", tmp_path / "kept")
    files.write_json(place.measure, files.read_json(place.measure) | {"runtime": "litert"})
    data = place.network.read_bytes()
    place.network.write_bytes(data[: int(left * len(data))])
    for _ in range(2):
        np.testing.assert_allclose(answer(), expected, atol=CLOSE)
    assert ["making" in note for note in told] == [True, False, True]
    assert "cannot open what was converted" in told[1]
    litert.Network(place.network)
