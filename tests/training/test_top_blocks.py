from dataclasses import replace

import drawn
import numpy as np
import pytest

from wreck_core.training import (
    backbones,
    features,
    graph,
    head,
    recipe,
    top_blocks,
    views,
    weights,
)
from wreck_core.training.pictures import load_squares
from wreck_core.training.runtime import keras
from wreck_core.training.states import State

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def task(layout, make_task):
    drawn.fill(layout, per_class=8)
    return make_task("mobilenet_v2_tuned", epochs=2)


def statistics(network) -> list[np.ndarray]:
    """Moving means and variances of all batch norms."""
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert norms
    return [np.array(variable) for norm in norms for variable in (norm.moving_mean, norm.moving_variance)]


def test_the_statistics_of_batch_norms_do_not_move_and_the_layers_above_the_cut_do(task):
    tuning = top_blocks.Tuning(task)
    network = tuning._backbone
    names = [layer.name for layer in network.layers]
    cut = names.index(task.backbone.cut)
    before, moments = [layer.get_weights() for layer in network.layers], statistics(network)
    tuning.fit(0, task.parts[0])
    for old, new in zip(moments, statistics(network), strict=True):
        np.testing.assert_array_equal(old, new)
    moved = [
        any(not np.array_equal(old, new) for old, new in zip(olds, layer.get_weights(), strict=True))
        for olds, layer in zip(before, network.layers, strict=True)
    ]
    assert not any(moved[: cut + 1])
    assert moved[names.index("block_13_expand")]
    assert moved[names.index("Conv_1")]


def test_the_whole_network_says_what_the_cut_one_says_up_to_the_cache_s_precision(task):
    lite = backbones.find("efficientnet_lite0")  # its weights are at hand; random ones see next to nothing
    found = weights.resolve(lite, "imagenet", [], task.root)
    task = replace(task, backbone=lite, weights=found)
    tuning = top_blocks.Tuning(task)
    tuning.fit(0, task.parts[0])
    squares = load_squares(task.root, task.samples, task.input_px)
    whole = features.compiled(tuning.whole())(squares.astype(np.float32))
    cut = tuning.logits(np.arange(len(task.samples)))
    np.testing.assert_allclose(whole, cut, atol=0.02)
    assert np.ptp(whole[:, 0] - whole[:, 1]) > 0.5


def test_a_fit_that_was_cut_off_goes_on_to_the_same_bytes(task):
    part = task.parts[0]
    straight = top_blocks.Tuning(replace(task, checkpoint=task.checkpoint / "straight"))
    expected = straight.fit(0, part)
    cut = replace(task, checkpoint=task.checkpoint / "cut")
    begun = top_blocks.Tuning(cut)
    begun._state.reset()
    begun._start_head(part.train)
    begun._state.losses.append(begun._epoch(0, 0, part.train))
    begun._state.save(cut.checkpoint / "seed29-part0.npz")
    done: list[int] = []
    rest = top_blocks.Tuning(replace(cut, progress=lambda at, total, text: done.append(at)))
    assert rest.fit(0, part) == expected
    assert done == [2]  # neither the views nor the first epoch were made again
    np.testing.assert_array_equal(rest.logits(part.answer), straight.logits(part.answer))


def test_each_part_starts_from_the_same_state(task):
    one, other = top_blocks.Tuning(task), top_blocks.Tuning(replace(task, checkpoint=task.checkpoint / "two"))
    one.fit(0, task.parts[0])
    one.fit(1, task.parts[1])
    other.fit(1, task.parts[1])
    rows = task.parts[1].answer
    np.testing.assert_array_equal(one.logits(rows), other.logits(rows))


def test_the_head_starts_from_the_logistic_fit(task):
    tuning = top_blocks.Tuning(task)
    rows = task.parts[0].train
    tuning._start_head(rows)
    linear = head.fit_linear(
        np.concatenate(tuning._pooled[:, rows]), np.tile(tuning._target[rows], 2), 2, top_blocks.HEAD_C
    )
    found = tuning.logits(np.arange(len(task.samples)))
    np.testing.assert_allclose(found, linear.logits(tuning._pooled[0]), atol=1e-3)


def test_a_state_takes_the_dropout_s_randomness_along(tmp_path):
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5), keras.layers.Dense(2)])
    network.compile(keras.optimizers.AdamW(0.01, use_ema=True), "mse", jit_compile=False)
    x, y = np.ones((8, 4), np.float32), np.zeros((8, 2), np.float32)
    state = State(network)
    network.train_on_batch(x, y)
    state.save(tmp_path / "state.npz")
    first = [network.train_on_batch(x, y), *network.get_weights()]
    state.load(tmp_path / "state.npz")
    second = [network.train_on_batch(x, y), *network.get_weights()]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_both_runtimes_give_the_same_activations(task, tmp_path):
    backbone, _ = recipe.build_backbone(task)
    lower, _ = graph.split(task.backbone, backbone)
    rows = np.arange(len(task.samples))
    found = {}
    for runtime in ("keras", "litert"):
        store = features.FeatureStore(tmp_path, runtime, np.float16)
        cached = views.Views(store, replace(task, row=task.row.model_copy(update={"runtime": runtime})), 3)
        cached.fill(lower)
        found[runtime] = cached.read(np.full(len(rows), 2), rows)
    largest = np.abs(found["keras"]).max()
    assert largest > 0
    np.testing.assert_allclose(found["litert"], found["keras"], atol=2e-3 * largest)  # kept as float16


def test_only_new_pictures_and_what_a_kill_left_out_are_brought_to_the_cut(task):
    said: list[tuple[int, int, str]] = []
    whole = replace(task, progress=lambda *what: said.append(what))
    some = replace(whole, samples=task.samples[::2].reset_index(drop=True))
    first = top_blocks.Tuning(some)
    second = top_blocks.Tuning(replace(whole, checkpoint=task.checkpoint / "second night"))
    new = len(task.samples) - len(some.samples)
    assert said[-1] == (new, new, "activations")
    rows = np.arange(len(some.samples))
    for view in range(top_blocks.VIEWS):
        of_view = np.full(len(rows), view)
        np.testing.assert_array_equal(first._views.read(of_view, rows), second._views.read(of_view, rows * 2))
    said.clear()
    top_blocks.Tuning(whole)
    assert said == []


def test_views_of_a_picture_are_its_own_for_ever_and_differ_from_each_other():
    picture = drawn.picture(np.random.default_rng(0), "damaged", 96)
    square = picture[::2, ::2]
    four = [views.draw(square, picture, view, "ab" * 32) for view in range(4)]
    np.testing.assert_array_equal(four[0], square)
    np.testing.assert_array_equal(four[1], square[:, ::-1])
    for view in (2, 3):
        assert four[view].shape == square.shape
        assert four[view].dtype == np.uint8
        np.testing.assert_array_equal(four[view], views.draw(square, picture, view, "ab" * 32))
        assert not np.array_equal(four[view], views.draw(square, picture, view, "cd" * 32))
    assert not np.array_equal(four[2], four[3])


def test_the_learning_rate_warms_up_and_comes_down():
    rates = [top_blocks.pace(done) for done in np.linspace(0, 1, 101)]
    assert rates[0] == 0
    assert rates[10] == max(rates) == 1
    assert rates[-1] == pytest.approx(0, abs=1e-9)


def test_a_fold_has_no_say_in_its_own_temperature(task):
    logits = np.random.default_rng(0).normal(0, 3, (len(task.samples), 2))
    temperature, final = recipe.cross_fit(task, logits)
    part = task.parts[0]
    changed = logits.copy()
    changed[part.answer] *= -5
    again, other = recipe.cross_fit(task, changed)
    np.testing.assert_array_equal(again[part.answer], temperature[part.answer])
    assert other != final
    locked = task.parts[-1].answer
    assert (temperature[locked] == final).all()
    changed[locked] *= -5
    assert recipe.cross_fit(task, changed)[1] == other


@pytest.mark.slow
def test_the_full_recipe_tunes_every_layer_and_its_batch_norms_on_one_thread(task):
    task = replace(task, row=task.row.model_copy(update={"recipe": "full", "epochs": 2, "input_px": 32}))
    tuning = top_blocks.Tuning(task)
    first, moments = tuning._backbone.layers[1].get_weights(), statistics(tuning._backbone)
    tuning.fit(0, task.parts[0])
    assert not np.array_equal(first[0], tuning._backbone.layers[1].get_weights()[0])
    assert any(not np.array_equal(o, n) for o, n in zip(moments, statistics(tuning._backbone), strict=True))
    assert task.threads == 1
