import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sk

from wreck_core.evaluation import metrics
from wreck_core.evaluation.metrics import Cases


def cases(truth, fold=None):
    truth = np.asarray(truth, bool)
    fold = np.zeros(len(truth), np.int64) if fold is None else np.asarray(fold, np.int64)
    return Cases(truth, fold, np.arange(len(truth)))


@st.composite
def answers(draw):
    """Truth of both classes and scores with many ties."""
    size = draw(st.integers(4, 60))
    truth = draw(hnp.arrays(bool, size))
    truth[0], truth[1] = True, False
    score = draw(hnp.arrays(np.int64, size, elements=st.integers(0, 9))) / 9
    return truth, score


@given(answers())
def test_auc_of_one_fold_is_the_known_roc_auc(answer):
    truth, score = answer
    assert metrics.within_fold_auc(cases(truth), score) == pytest.approx(sk.roc_auc_score(truth, score))


@given(answers(), st.randoms(use_true_random=False))
def test_weights_count_pictures_as_often_as_they_say(answer, random):
    truth, score = answer
    weights = np.array([random.randint(1, 4) for _ in truth], float)
    weighted = metrics.weighted_auc(cases(truth), score, weights[:, None])[0]
    assert weighted == pytest.approx(sk.roc_auc_score(truth, score, sample_weight=weights))


@given(answers())
def test_auc_does_not_depend_on_how_a_fold_is_scaled(answer):
    truth, score = answer
    fold = np.arange(len(truth)) % 2
    scaled = np.where(fold == 1, score * 0.1 + 7, score)
    known = metrics.within_fold_auc(cases(truth, fold), score)
    assert metrics.within_fold_auc(cases(truth, fold), scaled) == pytest.approx(known)


def test_folds_are_averaged_by_their_pairs():
    rng = np.random.default_rng(0)
    truth, score, fold = rng.random(300) < 0.4, rng.random(300), rng.integers(0, 3, 300)
    aucs = [sk.roc_auc_score(truth[fold == f], score[fold == f]) for f in range(3)]
    pairs = [truth[fold == f].sum() * (~truth[fold == f]).sum() for f in range(3)]
    expected = np.average(aucs, weights=pairs)
    assert metrics.within_fold_auc(cases(truth, fold), score) == pytest.approx(expected)


def test_auc_without_any_pair_is_chance():
    assert metrics.within_fold_auc(cases([True, False], fold=[0, 1]), np.array([0.9, 0.1])) == 0.5


@given(answers(), st.floats(0, 1))
def test_counts_at_a_threshold_agree_with_sklearn(answer, threshold):
    truth, p = answer
    counts = metrics.confusion(truth, p, threshold)
    said = p >= threshold
    assert counts.accuracy == pytest.approx(sk.accuracy_score(truth, said))
    assert counts.precision == pytest.approx(sk.precision_score(truth, said, zero_division=0))
    assert counts.recall == pytest.approx(sk.recall_score(truth, said))
    assert counts.f1 == pytest.approx(sk.f1_score(truth, said, zero_division=0))


def test_probability_scores_have_their_known_values():
    truth, p = np.array([True, False, True]), np.array([0.8, 0.4, 0.5])
    assert metrics.log_loss(truth, p) == pytest.approx(-np.log([0.8, 0.6, 0.5]).mean())
    assert metrics.brier(truth, p) == pytest.approx(sk.brier_score_loss(truth, p))


def test_a_certain_and_wrong_answer_keeps_the_log_loss_finite():
    assert np.isfinite(metrics.log_loss(np.array([True, False]), np.array([0.0, 0.0])))


def test_honest_probabilities_have_no_calibration_error_and_boasting_ones_do():
    truth = np.array([True] * 75 + [False] * 25)
    assert metrics.expected_calibration_error(truth, np.full(100, 0.75)) == pytest.approx(0)
    assert metrics.expected_calibration_error(truth, np.full(100, 1.0)) == pytest.approx(0.25)


@given(answers(), st.floats(0.5, 1))
def test_recall_at_a_precision_is_the_best_of_all_thresholds(answer, precision):
    truth, p = answer
    tried = [metrics.confusion(truth, p, threshold) for threshold in np.unique(p)]
    best = max((counts.recall for counts in tried if counts.precision >= precision), default=0)
    assert metrics.recall_at_precision(truth, p, precision) == pytest.approx(best)


def test_a_thinned_roc_curve_keeps_its_ends_and_its_area():
    rng = np.random.default_rng(1)
    truth = rng.random(5000) < 0.5
    score = truth + rng.normal(size=5000)
    x, y = zip(*metrics.roc_points(truth, score, limit=80), strict=True)
    assert len(x) <= 80
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert sk.auc(x, y) == pytest.approx(sk.roc_auc_score(truth, score), abs=0.005)


@given(answers())
def test_precision_and_recall_of_a_short_curve_are_those_of_sklearn(answer):
    truth, p = answer
    precision, recall, _ = sk.precision_recall_curve(truth, p)
    points = metrics.pr_points(truth, p, limit=500)
    assert points[0] == (0, 1)
    assert points[-1] == pytest.approx((1, truth.mean()))
    assert set(points) <= set(zip(recall, precision, strict=True))
    best = {at: precision[recall == at].max() for at in recall}
    assert set(best.items()) <= {(at, float(high)) for at, high in points}


def test_a_thinned_precision_recall_curve_keeps_its_ends_and_its_area():
    rng = np.random.default_rng(1)
    truth = rng.random(5000) < 0.3
    score = truth + rng.normal(size=5000)
    recall, precision = (np.array(each) for each in zip(*metrics.pr_points(truth, score), strict=True))
    assert len(recall) <= 80
    assert (recall[0], precision[0], recall[-1], precision[-1]) == (0, 1, 1, truth.mean())
    area = np.sum(np.diff(recall) * precision[1:])
    assert area == pytest.approx(metrics.average_precision(truth, score), abs=0.01)
