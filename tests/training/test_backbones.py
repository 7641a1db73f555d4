import numpy as np
import pytest

from wreck_core.training import graph, model_file, preprocessing, weights
from wreck_core.training.backbones import TABLE
from wreck_core.training.graph import add_head
from wreck_core.training.head import Linear
from wreck_core.training.runtime import keras

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

# Building one of these takes seconds.
LARGE = (
    "densenet121",
    "convnext_tiny",
    "efficientnet_v2_b0",
    "mobilenet_v3_large",
    "resnet50",
    "inception_v3",
    "efficientnet_b1",
    "nasnet_mobile",
    "xception",
    "efficientnet_lite2",
)
ROWS = [pytest.param(name, marks=pytest.mark.slow if name in LARGE else ()) for name in TABLE]
SIDE_PX = 96  # xception and inception_v3 take no less than 75

RANGES = {
    "tf": ([-1, -1, -1], [1, 1, 1]),
    "lite": ([-127 / 128] * 3, [1, 1, 1]),
    "unit": ([0, 0, 0], [1, 1, 1]),
    "torch": ([-2.1179, -2.0357, -1.8044], [2.2489, 2.4286, 2.64]),
    "caffe": ([-103.939, -116.779, -123.68], [151.061, 138.221, 131.32]),
}
MODES = {
    "resnet50": "caffe",
    **dict.fromkeys(("efficientnet_b1", "efficientnet_v2_b0", "densenet121", "convnext_tiny"), "torch"),
    "scratch_cnn": "unit",
    **dict.fromkeys(
        ("mobilenet", "mobilenet_v2", "mobilenet_v3_large", "inception_v3", "nasnet_mobile", "xception"), "tf"
    ),
    **dict.fromkeys(("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"), "lite"),
}


@pytest.mark.parametrize("name", TABLE)
def test_black_and_white_reach_the_backbone_in_the_range_that_it_was_trained_on(name):
    image = np.zeros((2, 1, 1, 3), np.float32)
    image[1] = 255
    before = image.copy()
    black, white = np.asarray(TABLE[name].preprocessing(image))[:, 0, 0]
    low, high = RANGES[MODES[name]]
    np.testing.assert_allclose(black, low, atol=1e-3)
    np.testing.assert_allclose(white, high, atol=1e-3)
    np.testing.assert_array_equal(image, before)


def test_caffe_swaps_red_and_blue():
    red = np.array([[[[255, 0, 0]]]], np.float32)
    blue_first = np.asarray(preprocessing.CAFFE(red))[0, 0, 0]
    np.testing.assert_allclose(blue_first, [-103.939, -116.779, 255 - 123.68], atol=1e-3)


def flat(network) -> list:
    """Every layer, those of nested networks too."""
    inner = [flat(layer) if isinstance(layer, keras.Model) else [layer] for layer in network.layers]
    return [layer for layers in inner for layer in layers]


@pytest.mark.parametrize("name", ROWS)
def test_every_row_builds_answers_and_survives_a_file(name, tmp_path):
    backbone = TABLE[name]
    keras.utils.set_random_seed(29)
    network = backbone.build(SIDE_PX)
    trunk = graph.with_preprocessing(backbone, network)
    rescaling = [layer for layer in flat(trunk) if isinstance(layer, keras.layers.Rescaling)]
    assert [layer.name for layer in rescaling] == ["preprocessing"]
    features = np.asarray(trunk(np.full((2, SIDE_PX, SIDE_PX, 3), 90, np.float32)))
    assert features.shape == (2, trunk.output_shape[1])
    assert np.isfinite(features).all()
    linear = Linear(np.full((features.shape[1], 2), [0.0, 0.01]), np.zeros(2))
    model = model_file.assemble(add_head(trunk, linear), 2.0, name)
    model_file.save(model, tmp_path / "model.keras")
    image = np.random.default_rng(0).integers(0, 256, (1, 70, 110, 3), np.uint8)
    np.testing.assert_array_equal(
        np.asarray(model_file.load(tmp_path / "model.keras")(image)), np.asarray(model(image))
    )


@pytest.mark.parametrize("name", [row for row in ROWS if TABLE[row.values[0]].cut])
def test_both_sides_of_the_cut_say_together_what_the_whole_says(name):
    backbone = TABLE[name]
    keras.utils.set_random_seed(29)
    network = backbone.build(SIDE_PX)
    lower, upper = graph.split(backbone, network)
    pictures = np.random.default_rng(0).integers(0, 256, (2, SIDE_PX, SIDE_PX, 3)).astype(np.float32)
    activations = np.asarray(lower(pictures))
    whole = np.asarray(graph.with_preprocessing(backbone, network)(pictures))
    np.testing.assert_allclose(np.asarray(upper(activations)), whole, rtol=1e-4, atol=1e-5)
    parameters = upper.count_params() / network.count_params()
    assert 0.3 < parameters < 0.9  # enough to tune, and not everything


@pytest.mark.parametrize("name", [row for row in ROWS if TABLE[row.values[0]].also])
def test_an_earlier_layer_stands_beside_the_last(name):
    backbone = TABLE[name]
    network = backbone.build(SIDE_PX)
    pictures = np.random.default_rng(0).integers(0, 256, (2, SIDE_PX, SIDE_PX, 3)).astype(np.float32)
    wide = np.asarray(graph.with_preprocessing(backbone, graph.widened(backbone, network))(pictures))
    last = np.asarray(graph.with_preprocessing(backbone, network)(pictures))
    earlier = keras.Model(network.input, network.get_layer(backbone.also).output)
    mean = np.asarray(graph.with_preprocessing(backbone, earlier)(pictures)).mean((1, 2))
    np.testing.assert_allclose(wide, np.concatenate([last, mean], axis=1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["efficientnet_b1", "efficientnet_v2_b0", "convnext_tiny"])
def test_own_first_layers_are_replaced_by_ours(name):
    backbone = TABLE[name]
    trunk = graph.with_preprocessing(backbone, backbone.build(64)).layers[-1]
    kinds = {type(layer).__name__ for layer in trunk.layers}
    assert not kinds & {"Rescaling", "Normalization"}


@pytest.mark.parametrize("name", ["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"])
def test_the_embedded_weights_fit_and_make_sense(name):
    backbone = TABLE[name]
    network = backbone.build(64)
    found = weights.resolve(backbone, "imagenet", [], None)
    weights.load(network, found.path)
    features = np.asarray(network(np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3))))
    assert features.shape == (2, 1280)
    assert 0 < features.mean() < 1
    assert features.min() >= 0
    assert features.max() <= 6  # ReLU6


def test_weights_of_another_backbone_are_refused(tmp_path):
    found = weights.resolve(TABLE["efficientnet_lite1"], "imagenet", [], None)
    with pytest.raises(weights.WeightsError, match="efficientnet_lite0"):
        weights.load(TABLE["efficientnet_lite0"].build(32), found.path)
    wrong = tmp_path / "wrong.weights.h5"
    wrong.write_bytes(b"no HDF5")
    with pytest.raises(weights.WeightsError, match="does not fit"):
        weights.load(TABLE["mobilenet"].build(32), wrong)


def test_weights_of_the_same_builder_load_from_a_file(tmp_path):
    backbone = TABLE["mobilenet"]
    keras.utils.set_random_seed(1)
    trained = backbone.build(32)
    trained.save_weights(tmp_path / "mobilenet.weights.h5")
    other = backbone.build(32)
    assert weights.digest(other) != weights.digest(trained)
    weights.load(other, tmp_path / "mobilenet.weights.h5")
    assert weights.digest(other) == weights.digest(trained)
