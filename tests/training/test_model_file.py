import os
import pickle

import drawn
import numpy as np
import pytest

from wreck_core import images
from wreck_core.errors import InputError, WeightsError
from wreck_core.training import backbones, features, graph, head, model_file, pictures, weights
from wreck_core.training.frozen import build_trunk
from wreck_core.training.runtime import keras

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.parametrize("builder", ["mobilenet", "mobilenet_v2"])
def test_the_file_says_of_a_photo_what_features_and_head_say(builder, layout, make_task, tmp_path):
    drawn.fill(layout, per_class=8)
    task = make_task("mobilenet_random", builder=builder, input_px=64)
    trunk, _ = build_trunk(task)
    store = features.FeatureStore(task.features, "here")
    vectors = features.extract(store, trunk, task)
    target, widths = task.samples["target"].to_numpy(), graph.widths(task.backbone, trunk)
    scaled = head.fit(vectors, widths, target, 2, 1.0)
    linear = head.fit_linear(vectors, target, 2, 1.0)
    squares = pictures.load_squares(task.root, task.samples, 64)
    for network, said in (
        (graph.add_head(trunk, scaled.linear, scaled.scaling), scaled),
        (graph.add_head(trunk, linear), linear),
    ):
        model_file.save(model_file.assemble(network, 1.7, "m"), tmp_path / "model.keras")
        model = model_file.load(tmp_path / "model.keras")
        expected = head.probabilities(said.logits(vectors), 1.7)
        np.testing.assert_allclose(features.compiled(model)(squares), expected, atol=1e-4)
        stands_on = keras.Model(model.input, graph.features(model))
        np.testing.assert_allclose(features.compiled(stands_on)(squares), vectors, atol=1e-4)


def test_a_picture_of_any_size_and_shape_is_taken(make_task, layout):
    drawn.fill(layout, per_class=2)
    trunk, _ = build_trunk(make_task("mobilenet_random"))
    linear = head.Linear(np.zeros((trunk.output_shape[1], 3)), np.array([0.0, 1.0, 2.0]))
    model = model_file.assemble(graph.add_head(trunk, linear), 1.0, "m")
    for shape in ((33, 200), (500, 31), (32, 32)):
        p = features.compiled(model)(np.zeros((1, *shape, 3), np.uint8))
        np.testing.assert_allclose(p, head.probabilities(np.array([[0.0, 1.0, 2.0]])), atol=1e-6)


def test_a_picture_of_the_right_size_passes_the_resizing_unchanged():
    image = keras.Input((40, 40, 3))
    network = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image)))
    model = model_file.assemble(network, 1.0, "m")
    resizing = keras.Model(model.input, model.get_layer("resizing").output)
    picture = drawn.picture(np.random.default_rng(3), "damaged", 40)[None]
    np.testing.assert_array_equal(np.asarray(resizing(picture)), picture.astype(np.float32))
    large = drawn.picture(np.random.default_rng(3), "undamaged", 160)
    by_door = images.resize(large, 40, 40).astype(np.float32)
    assert np.abs(np.asarray(resizing(large[None]))[0] - by_door).mean() < 2  # of 255


class Canary:
    """Unpickled by an ordinary unpickler, it makes a folder."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_pickle_under_the_name_of_a_model_is_refused_and_does_not_run(tmp_path):
    canary = tmp_path / "canary"
    (tmp_path / "model.keras").write_bytes(pickle.dumps(Canary(str(canary))))
    with pytest.raises(InputError, match="safely"):
        model_file.load(tmp_path / "model.keras")
    assert not canary.exists()


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize(("saved_as", "named"), [("keras", "keras"), ("h5", "h5"), ("h5", "keras")])
def test_a_lambda_layer_is_refused_and_does_not_run(tmp_path, saved_as, named, record_property):
    canary = str(tmp_path / "canary")

    def sing(x, _path=canary):
        os.makedirs(_path, exist_ok=True)  # noqa: PTH103 - plain code, as an enemy would write it
        return x

    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(sing)])
    os.rmdir(canary)  # noqa: PTH106 - building the model called the layer once
    model.save(tmp_path / f"saved.{saved_as}")
    path = (tmp_path / f"saved.{saved_as}").rename(tmp_path / f"model.{named}")
    with pytest.raises(InputError, match="safely"):
        model_file.load(path)
    # As weights for a network of ours it is numbers that do not fit, and no more.
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    with pytest.raises(WeightsError, match="does not fit"):
        weights.load(network, path)
    assert not (tmp_path / "canary").exists()
    record_property("R18", f"a Lambda layer in .{saved_as}, named .{named}: refused")


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(b"old")
    with pytest.raises(AttributeError):
        model_file.save(object(), path)
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]
    assert path.read_bytes() == b"old"


def test_what_a_killed_save_left_is_swept_away(tmp_path):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    (tmp_path / ".model.keras.host-1-2.keras").write_bytes(b"half")
    model_file.save(network, tmp_path / "model.keras")
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]


def test_the_table_of_backbones_is_complete():
    seed = {"mobilenet_v2", "resnet50", "inception_v3", "efficientnet_b1", "nasnet_mobile", "xception"}
    assert seed < set(backbones.TABLE)
