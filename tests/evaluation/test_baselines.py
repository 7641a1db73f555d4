import numpy as np
import pandas as pd
import pytest

from wreck_core.evaluation import baselines
from wreck_core.evaluation.metrics import Cases, within_fold_auc


@pytest.fixture
def cases():
    rng = np.random.default_rng(2)
    return Cases(rng.random(300) < 0.4, rng.integers(0, 5, 300), np.arange(300))


def test_majority_is_chance_and_says_the_share_of_the_other_folds(cases):
    p = baselines.majority(cases)
    assert within_fold_auc(cases, p) == 0.5
    assert p[cases.fold == 0][0] == pytest.approx(cases.truth[cases.fold != 0].mean())


def test_a_size_that_gives_the_label_away_is_found(cases):
    rng = np.random.default_rng(3)
    width = np.where(cases.truth, 900, 640) + rng.integers(0, 200, 300)
    facts = pd.DataFrame(
        {"width": width, "height": 480, "bytes": rng.integers(2e4, 9e4, 300), "format": "jpeg"}
    )
    p = baselines.logistic(cases, baselines.metadata_features(facts))
    assert within_fold_auc(cases, p) > 0.95


def test_features_that_say_nothing_are_chance(cases):
    noise = np.random.default_rng(4).normal(size=(300, 5))
    assert within_fold_auc(cases, baselines.logistic(cases, noise)) == pytest.approx(0.5, abs=0.1)


def test_a_picture_is_never_judged_by_its_own_label(cases):
    features = np.random.default_rng(5).normal(size=(300, 4))
    held_out = cases.fold == 2
    turned = Cases(cases.truth ^ held_out, cases.fold, cases.cluster)
    before, after = baselines.logistic(cases, features), baselines.logistic(turned, features)
    assert (before[held_out] == after[held_out]).all()


def test_training_folds_of_one_class_answer_with_their_share():
    one_sided = Cases(np.array([True, True, False, False]), np.array([0, 0, 1, 1]), np.arange(4))
    assert baselines.logistic(one_sided, np.eye(4)).tolist() == [0, 0, 1, 1]


def test_colour_features_see_colour_and_not_place():
    red = np.zeros((80, 120, 3), np.uint8)
    red[:, :60, 0] = 255
    features = baselines.colour_features(red)
    assert features.shape == (70,)
    assert features[6:].sum() == pytest.approx(1)
    assert np.allclose(features, baselines.colour_features(red[:, ::-1]))
    assert not np.allclose(features, baselines.colour_features(red[:, :, ::-1]))
