"""The frozen backbone, its tuned top blocks, and the mean of both: what answers best elsewhere is kept."""

from dataclasses import replace

import drawn
import numpy as np
import pytest

from wreck_core.training import auto, backbones, features, frozen, model_file, top_blocks, weights
from wreck_core.training.head import probabilities
from wreck_core.training.pictures import load_squares

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


QUICK = ["efficientnet_v2_b0"]


@pytest.fixture
def task(layout, make_task):
    drawn.fill(layout, per_class=8)
    task = make_task("mobilenet_v2_tuned", epochs=2, recipe="auto")
    lite = backbones.find("efficientnet_lite0")  # its weights are at hand; random ones see next to nothing
    return replace(task, backbone=lite, weights=weights.resolve(lite, "imagenet", [], task.root))


def fitted(task):
    return frozen.fit(auto._as(task, "frozen")), top_blocks.fit(auto._as(task, "top_blocks"))


@pytest.mark.parametrize(
    ("frozen_says", "tuned_says", "better"),
    [
        # Log-odds for the truth, of every other picture: alike, or where one knows what the other does not.
        ((20.0, -20.0), (6.0, 6.0), "top_blocks"),
        ((6.0, 6.0), (20.0, -20.0), "frozen"),
        ((4.0, -1.0), (-1.0, 4.0), "both"),
    ],
)
def test_the_best_of_three_is_kept_and_named(task, frozen_says, tuned_says, better):
    target = task.samples["target"].to_numpy()
    one, other = (
        replace(
            outcome,
            logits=np.eye(2)[target] * np.resize(says, len(target))[:, None],
            temperature=np.ones(len(target)),
        )
        for outcome, says in zip(fitted(task), (frozen_says, tuned_says), strict=True)
    )
    outcome = auto.best(task, one, other)
    assert outcome.recipe == better
    assert min(outcome.compared, key=outcome.compared.__getitem__) == better
    says = {"frozen": frozen_says, "top_blocks": tuned_says}
    log_odds = says.get(better, np.mean([frozen_says, tuned_says], axis=0))
    np.testing.assert_allclose(outcome.logits, np.eye(2)[target] * np.resize(log_odds, len(target))[:, None])
    chosen = outcome.history[outcome.history["chosen"]]
    assert set(chosen["recipe"]) == ({"frozen", "top_blocks"} if better == "both" else {better})


def test_a_fold_has_no_say_in_who_answers_it(task):
    target = task.samples["target"].to_numpy()
    one, other = fitted(task)
    part = task.parts[0]
    wrong = np.eye(2)[target] * -9.0
    wrong[part.answer] *= -1  # the best there is for this fold, the worst for all others
    right = np.eye(2)[target] * 9.0
    right[part.answer] *= -1
    flat = np.ones(len(target))
    outcome = auto.best(
        task, replace(one, logits=wrong, temperature=flat), replace(other, logits=right, temperature=flat)
    )
    np.testing.assert_array_equal(outcome.logits[part.answer], right[part.answer])


def test_the_network_of_both_says_the_mean_of_their_log_odds(task, tmp_path):
    one, other = fitted(task)
    mean = auto.mean(task, one, other)
    network = auto.network(task, one, other)
    squares = load_squares(task.root, task.samples, task.input_px).astype(np.float32)
    expected = [
        features.compiled(outcome.network)(squares) / outcome.final_temperature for outcome in (one, other)
    ]
    assert np.ptp(expected[0] - expected[1]) > 0.1
    np.testing.assert_allclose(features.compiled(network)(squares), np.mean(expected, axis=0), atol=1e-3)
    # What lies below the cut is there once.
    below = sum(outcome.network.count_params() for outcome in (one, other)) - network.count_params()
    assert below > 0.15 * other.network.count_params()

    model_file.save(model_file.assemble(network, mean.final_temperature, "both"), tmp_path / "model.keras")
    p = features.compiled(model_file.load(tmp_path / "model.keras"))(squares.astype(np.uint8))
    p_mean = probabilities(np.mean(expected, axis=0).astype(np.float64), mean.final_temperature)
    np.testing.assert_allclose(p, p_mean, atol=1e-3)


def test_answers_of_both_are_of_models_that_had_not_seen_the_picture(task):
    one, other = fitted(task)
    mean = auto.mean(task, one, other)
    part = task.parts[0]
    changed = replace(other, logits=other.logits.copy())
    changed.logits[part.answer] *= -5
    again = auto.mean(task, one, changed)
    np.testing.assert_array_equal(again.temperature[part.answer], mean.temperature[part.answer])
    others = task.parts[1].answer
    assert not np.array_equal(again.temperature[others], mean.temperature[others])


def test_two_certainties_that_contradict_each_other_are_no_answer():
    said = auto.mean_log_odds([np.array([1.0, 0.9, 0.0]), np.array([0.0, 0.9, 0.0])])
    np.testing.assert_allclose(said, [0.5, 0.9, 0.0], atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name, row in backbones.TABLE.items() if row.cut and name not in QUICK]
)
def test_every_backbone_that_can_be_cut_can_be_doubled(name, layout, make_task):
    doubled(name, layout, make_task, 96)


@pytest.mark.parametrize("name", QUICK)
def test_a_backbone_with_a_first_layer_of_its_own_can_be_doubled(name, layout, make_task):
    doubled(name, layout, make_task, 32)


def doubled(name, layout, make_task, input_px):
    drawn.fill(layout, per_class=8)
    task = make_task("mobilenet_v2_tuned", epochs=1, recipe="auto", input_px=input_px)
    task = replace(task, backbone=backbones.find(name))
    one, other = fitted(task)
    squares = load_squares(task.root, task.samples, task.input_px).astype(np.float32)
    expected = [
        features.compiled(outcome.network)(squares) / outcome.final_temperature for outcome in (one, other)
    ]
    found = features.compiled(auto.network(task, one, other))(squares)
    np.testing.assert_allclose(found, np.mean(expected, axis=0), atol=1e-3 * max(1, np.abs(expected).max()))
