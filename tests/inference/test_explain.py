import drawn
import numpy as np
import pytest

from wreck_core import files
from wreck_core.errors import InputError
from wreck_core.inference import explain
from wreck_core.training import backbones, features, graph, head, model_file
from wreck_core.training.runtime import keras

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CARD = {"input": {"width_px": 64}, "classes": ["damaged", "undamaged"], "positive": "damaged"}


def random_trunk(name, seed=4):
    keras.utils.set_random_seed(seed)
    row = backbones.find(name)
    trunk = graph.with_preprocessing(row, graph.widened(row, row.build(64)))
    return trunk, graph.widths(row, trunk)


def save(folder, network) -> keras.Model:
    """Save a network of logits as a trained model."""
    model = model_file.assemble(network, 1.0, "m")
    model_file.save(model, folder / "model.keras")
    files.write_json(folder / "model.json", CARD)
    return model


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("efficientnet_b1", "resnet50")]


@pytest.mark.parametrize("name", ["mobilenet_v2", *SLOW, "scratch_cnn"])
def test_the_map_of_a_pooled_network_adds_up_to_its_logits(name, tmp_path):
    trunk, _ = random_trunk(name)
    dense = keras.layers.Dense(2, name="logits")
    model = save(tmp_path, keras.Model(trunk.input, dense(trunk.output)))
    picture = drawn.picture(np.random.default_rng(1), "damaged", 64)
    explainer = explain.Explainer(tmp_path)
    heat = explainer.heat(picture)
    assert heat.ndim == 2
    assert min(heat.shape) > 1
    if name == "scratch_cnn":  # it has dense layers after the map: a good guess, not exact
        assert np.abs(heat).max() > 0
        return
    p = features.compiled(model)(picture[None])[0].astype(np.float64)
    bias = dense.bias.numpy()
    assert heat.sum() + bias[0] - bias[1] == pytest.approx(np.log(p[0] / p[1]), abs=1e-3)


def test_the_map_of_scaled_features_adds_up_too_with_the_lengths_as_they_are(tmp_path):
    trunk, widths = random_trunk("mobilenet_v2")
    rng, n = np.random.default_rng(2), sum(widths)
    scaling = head.Scaling(rng.normal(0, 0.1, n), rng.uniform(0.5, 2, n), widths)
    linear = head.Linear(rng.normal(0, 1, (n, 2)), np.array([0.3, -0.2]))
    model = save(tmp_path, graph.add_head(trunk, linear, scaling))
    picture = drawn.picture(rng, "damaged", 64)
    vector = features.compiled(keras.Model(model.input, graph.features(model)))(picture[None])
    slope = scaling(vector)[0] / (vector[0] - scaling.mean) * (linear.weights[:, 0] - linear.weights[:, 1])
    assert explain.Explainer(tmp_path).heat(picture).sum() == pytest.approx(slope @ vector[0], rel=1e-2)


def test_the_map_of_frozen_and_tuned_top_blocks_is_the_mean_of_their_maps(tmp_path):
    trunk, widths = random_trunk("mobilenet_v2")
    rng, n = np.random.default_rng(3), sum(widths)
    scaling = head.Scaling(rng.normal(0, 0.1, n), rng.uniform(0.5, 2, n), widths)
    linear, other = (head.Linear(rng.normal(0, 1, (n, 2)), np.zeros(2)) for _ in range(2))
    tuned, _ = random_trunk("mobilenet_v2", seed=5)
    one, two = graph.add_head(trunk, linear, scaling), graph.add_head(tuned, other)
    # The copy takes what lies below the cut from the first.
    lower, _ = graph.split(backbones.find("mobilenet_v2"), trunk.layers[-1])
    graph.split(backbones.find("mobilenet_v2"), tuned.layers[-1])[0].set_weights(lower.get_weights())
    both = head.Linear(np.concatenate([linear.weights, other.weights]) / 2, np.zeros(2))
    networks = {
        "one": one,
        "two": two,
        "both": graph.add_head(graph.doubled(backbones.find("mobilenet_v2"), one, two), both, scaling),
    }
    picture, heat = drawn.picture(rng, "damaged", 64), {}
    for name, network in networks.items():
        (tmp_path / name).mkdir()
        save(tmp_path / name, network)
        heat[name] = explain.Explainer(tmp_path / name).heat(picture)
    strongest = np.abs(heat["both"]).max()  # little: random networks see next to nothing
    assert np.abs(heat["one"] - heat["two"]).max() > 0.5 * strongest
    expected = explain.mean([heat["one"], heat["two"]])
    np.testing.assert_allclose(heat["both"], expected, atol=1e-3 * strongest)


def test_the_map_shows_the_place_that_speaks_for_the_class(tmp_path):
    """A network that counts red: its map is hot where the red square lies, and nowhere else."""
    image = keras.Input((64, 64, 3))
    conv = keras.layers.Conv2D(1, 8, 8, use_bias=False)
    pooled = keras.layers.GlobalAveragePooling2D()(conv(image))
    network = keras.Model(image, keras.layers.Dense(2, name="logits")(pooled))
    red = np.zeros((8, 8, 3, 1), np.float32)
    red[:, :, 0] = 1 / 64 / 255
    network.set_weights([red, np.array([[1.0, -1.0]]), np.zeros(2)])
    save(tmp_path, network)
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[16:24, 40:48, 0] = 255
    heat = explain.Explainer(tmp_path).heat(picture)
    assert heat.shape == (8, 8)
    assert np.unravel_index(heat.argmax(), heat.shape) == (2, 5)
    assert heat[2, 5] == pytest.approx(2 / 64)
    assert np.abs(heat).sum() == pytest.approx(2 / 64)
    drawn_over = explain.overlay(picture[:, :32].repeat(4, axis=0), heat)  # any shape of picture
    assert drawn_over.shape == (256, 32, 3)


def test_the_mean_of_maps_of_two_sizes_adds_up_to_the_mean_of_their_log_odds():
    fine = np.zeros((4, 4), np.float32)
    fine[0, 0], fine[3, 2] = 3.0, -1.0
    coarse = np.array([[0.0, 0.0], [0.0, 8.0]], np.float32)
    mean = explain.mean([coarse, fine])
    assert (mean.shape, mean.dtype) == ((4, 4), np.float32)
    assert mean.sum() == pytest.approx((fine.sum() + coarse.sum()) / 2)
    np.testing.assert_allclose(mean[2:, 2:], [[1.0, 1.0], [0.5, 1.0]])  # a place of four has a quarter each
    assert mean[0, 0] == pytest.approx(1.5)
    np.testing.assert_allclose(explain.mean([fine]), fine)


def test_red_speaks_for_the_class_and_blue_against_it():
    grey = np.full((80, 80, 3), 128, np.uint8)
    heat = np.zeros((8, 8), np.float32)
    heat[1, 1], heat[6, 6] = 1.0, -1.0
    laid = explain.overlay(grey, heat).astype(int)
    assert laid[15, 15, 0] > 180 > 100 > laid[15, 15, 2]
    assert laid[65, 65, 2] > 180 > 100 > laid[65, 65, 0]
    assert np.abs(laid[40, 5] - 128).max() < 8
    np.testing.assert_array_equal(explain.overlay(grey, np.zeros((8, 8), np.float32)), grey)


def test_a_network_without_a_feature_map_is_refused(tmp_path):
    image = keras.Input((64, 64, 3))
    flat = keras.layers.Flatten()(image)
    save(tmp_path, keras.Model(image, keras.layers.Dense(2, name="logits")(flat)))
    with pytest.raises(InputError, match="no feature map"):
        explain.Explainer(tmp_path)
