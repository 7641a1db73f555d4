import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from wreck_core.evaluation import intervals, metrics
from wreck_core.evaluation.metrics import Cases

FOLDS = 5


def simulate(rng, n, skill, *, copies=0.0, shared=0.7):
    """Truth, folds and clusters, and scores (K, n) of binormal models of the given separation.

    `copies` is the share of pictures that repeat another one, score and all.
    """
    truth = rng.random(n) < 0.48
    noise = np.sqrt(shared) * rng.normal(size=n)
    scores = np.outer(skill, truth) + noise + np.sqrt(1 - shared) * rng.normal(size=(len(skill), n))
    originals = int(n * (1 - copies))
    cluster = np.arange(n)
    cluster[originals:] = rng.integers(0, originals, n - originals)
    truth, scores = truth[cluster], scores[:, cluster]
    return Cases(truth, cluster % FOLDS, cluster), scores


def aucs(cases, scores):
    return np.array([metrics.within_fold_auc(cases, score) for score in scores])


def board(rng, n, skill, draws=300):
    cases, scores = simulate(rng, n, skill)
    auc = aucs(cases, scores)
    sampled = intervals.bootstrap_auc(cases, scores, draws=draws, seed=int(rng.integers(1 << 30)))
    return auc, intervals.compare(auc, sampled, 0.95)


def delong_error(truth, score):
    """Standard error of one AUC (DeLong et al., 1988)."""
    positives, negatives = score[truth], score[~truth]
    ranks = stats.rankdata(np.concatenate([positives, negatives]))
    m, n = len(positives), len(negatives)
    above = (ranks[:m] - stats.rankdata(positives)) / n
    below = 1 - (ranks[m:] - stats.rankdata(negatives)) / m
    return np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n)


def test_spread_of_the_resamples_is_delongs_when_no_pictures_repeat():
    cases, scores = simulate(np.random.default_rng(3), 600, [1.8])
    one_fold = Cases(cases.truth, np.zeros(600, np.int64), cases.cluster)
    draws = intervals.bootstrap_auc(one_fold, scores, draws=1500, seed=1)
    assert draws.std() == pytest.approx(delong_error(cases.truth, scores[0]), rel=0.08)


def test_resamples_are_the_same_for_every_model_and_for_the_same_seed():
    cases, scores = simulate(np.random.default_rng(4), 120, [1.0])
    draws = intervals.bootstrap_auc(cases, np.concatenate([scores, scores]), draws=250, seed=9)
    assert draws.shape == (250, 2)
    assert (draws[:, 0] == draws[:, 1]).all()
    assert (draws[:, :1] == intervals.bootstrap_auc(cases, scores, draws=250, seed=9)).all()


def test_two_models_with_the_same_answers_tie_exactly():
    cases, scores = simulate(np.random.default_rng(4), 120, [1.0])
    twice = np.concatenate([scores, scores])
    compared = intervals.compare(
        aucs(cases, twice), intervals.bootstrap_auc(cases, twice, draws=200, seed=1), 0.95
    )
    assert (compared.delta == 0).all()
    assert (compared.p_adjusted == 1).all()
    assert compared.p_best == pytest.approx([0.5, 0.5])


def test_a_clearly_better_model_is_told_apart():
    auc, compared = board(np.random.default_rng(5), 400, [2.5, 1.0])
    assert compared.p_adjusted[0, 1] < 0.05
    assert compared.delta[0, 1] - compared.margin[0, 1] > 0
    assert compared.p_best[0] > 0.99
    assert intervals.tie_groups(auc, compared.p_adjusted, 0.05).tolist() == [1, 2]
    assert intervals.rank_intervals(compared, 0.05) == [(1, 1), (2, 2)]


def test_an_interval_without_zero_and_a_small_p_say_the_same():
    rng = np.random.default_rng(6)
    for _ in range(5):
        _, compared = board(rng, 200, rng.uniform(1, 2, size=5))
        outside = np.abs(compared.delta) > compared.margin
        off = ~np.eye(5, dtype=bool)
        # The quantile of the margin and the count of p differ by at most one resample.
        sure = np.abs(compared.p_adjusted - 0.05) > 0.01
        assert (outside == (compared.p_adjusted < 0.05))[off & sure].all()


def test_a_faultless_model_is_told_apart_from_a_constant():
    rng = np.random.default_rng(4)
    truth = np.arange(200) % 2 == 1
    cases = Cases(truth, np.zeros(200, int), np.arange(200))
    scores = np.stack([truth * 1.0, np.full(200, 0.5), truth + rng.normal(0, 1, 200)])
    found = intervals.compare(
        np.array([1, 0.5, 0.8]), intervals.bootstrap_auc(cases, scores, draws=200, seed=1), 0.95
    )
    assert found.p_adjusted[0, 1] == pytest.approx(1 / 201)
    assert found.margin[0, 1] == 0


def test_intervals_of_many_hold_together():
    rng = np.random.default_rng(6)
    held = {"one by one": 0, "together": 0}
    for _ in range(200):
        values = rng.normal(0, 1, 13)
        draws = values + rng.normal(0, 1, (400, 13))
        low, high = intervals.together(values, draws, 0.95)
        held["together"] += bool(((low <= 0) & (high >= 0)).all())
        low, high = intervals.percentile_interval(draws, 0.95)
        held["one by one"] += bool(((low <= 0) & (high >= 0)).all())
    assert held["together"] > 180  # of 200, where 190 are meant
    assert held["one by one"] < 130


def test_p_best_shares_out_certainty():
    _, compared = board(np.random.default_rng(7), 150, [1.5, 1.5, 1.4, 0.5])
    assert compared.p_best.sum() == pytest.approx(1)
    assert (compared.low <= compared.high).all()


@given(
    st.lists(st.floats(0.3, 1), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_every_model_is_in_one_tie_group_and_the_best_in_the_first(auc, random):
    auc = np.array(auc)
    p = np.array([[random.random() for _ in auc] for _ in auc])
    p = np.maximum(p, p.T)
    np.fill_diagonal(p, 1)
    groups = intervals.tie_groups(auc, p, 0.05)
    assert groups[auc.argmax()] == 1
    assert sorted(set(groups)) == list(range(1, groups.max() + 1))


def wrong_ties(boards, n, models):
    """Share of boards of equal models on which some model is called worse than the leader."""
    rng = np.random.default_rng(8)
    wrong = 0
    for _ in range(boards):
        auc, compared = board(rng, n, [2.45] * models)
        wrong += (intervals.tie_groups(auc, compared.p_adjusted, 0.05) > 1).any()
    return wrong / boards


def coverage(boards, n, copies, *, draws=300, blind=False):
    """Share of 95 % intervals that hold the true AUC; `blind` forgets which pictures repeat."""
    rng = np.random.default_rng(9)
    true_auc = stats.norm.cdf(2.0 / np.sqrt(2))
    hits = 0
    for _ in range(boards):
        cases, scores = simulate(rng, n, [2.0], copies=copies)
        if blind:
            cases = Cases(cases.truth, cases.fold, np.arange(n))
        sampled = intervals.bootstrap_auc(cases, scores, draws=draws, seed=int(rng.integers(1 << 30)))
        low, high = intervals.percentile_interval(sampled, 0.95)
        hits += low[0] <= true_auc <= high[0]
    return hits / boards


def test_equal_models_are_seldom_told_apart():
    assert wrong_ties(100, n=245, models=8) <= 0.12


def test_interval_holds_the_truth_although_pictures_repeat():
    assert coverage(150, n=400, copies=0.4) >= 0.90


@pytest.mark.slow
def test_equal_models_are_called_different_in_at_most_seven_percent():
    assert wrong_ties(1000, n=245, models=8) <= 0.07


@pytest.mark.slow
def test_cluster_bootstrap_covers_95_percent_where_a_blind_one_does_not():
    assert coverage(1500, n=600, copies=0.4, draws=1000) == pytest.approx(0.95, abs=0.02)
    assert coverage(1500, n=600, copies=0.4, blind=True) < 0.90
