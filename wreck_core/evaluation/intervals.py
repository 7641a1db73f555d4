"""How sure are we: a paired cluster bootstrap, and which models it can tell apart.

Reference: Romano & Wolf, "Stepwise multiple testing as formalized data snooping" (Econometrica 2005) for
the max-T correction; Field & Welsh, "Bootstrapping clustered data" (JRSS B 2007) for whole clusters.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wreck_core.evaluation.metrics import Cases, Matrix, Vector, weighted_auc, within_fold_auc
from wreck_core.params import ReportParams

_CHUNK = 100  # resamples held at once: 40 MB of weights for 50,000 pictures


@dataclass(frozen=True)
class Comparison:
    """K models against each other.

    `low`, `high` (K,): percentile interval of each AUC. `delta` (K, K): AUC of row minus AUC of column;
    `margin` (K, K): half-width of its simultaneous interval; `p_adjusted` (K, K): max-T over all pairs, so
    that `p_adjusted < 1 - confidence` and an interval without 0 say the same. `p_best` (K,): share of
    resamples that it wins, ties divided.
    """

    low: Vector
    high: Vector
    delta: Matrix
    margin: Matrix
    p_adjusted: Matrix
    p_best: Vector


def bootstrap_auc(cases: Cases, scores: Matrix, *, draws: int, seed: int) -> Matrix:
    """ROC AUC of K models on `draws` resamples that all models share.

    `scores` float (K, n). Whole clusters are drawn with replacement, as many of each class as there are.
    Returns float (draws, K).
    """
    parts = [
        np.stack([weighted_auc(cases, score, weights) for score in scores], axis=1)
        for weights in _resamples(cases, draws, seed)
    ]
    return np.concatenate(parts)


def _resamples(cases: Cases, draws: int, seed: int) -> Iterator[Matrix]:
    """Yield weights (n, at most _CHUNK): how often each picture is in each resample."""
    rng = np.random.default_rng(seed)
    _, cluster = np.unique(cases.cluster, return_inverse=True)
    positive = np.bincount(cluster, weights=cases.truth) * 2 >= np.bincount(cluster)
    strata = [members for members in (np.flatnonzero(positive), np.flatnonzero(~positive)) if len(members)]
    for start in range(0, draws, _CHUNK):
        width = min(_CHUNK, draws - start)
        counts = np.zeros((len(positive), width))
        for members in strata:
            drawn = members[rng.integers(len(members), size=(width, len(members)))]
            for column, row in enumerate(drawn):
                counts[:, column] += np.bincount(row, minlength=len(positive))
        yield counts[cluster]


def percentile_interval(draws: Matrix, confidence: float) -> tuple[Vector, Vector]:
    """Lower and upper bound of each column of `draws`, leaving out equal tails."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return low, high


def auc_interval(cases: Cases, score: Vector, settings: ReportParams) -> tuple[float, float, float]:
    """ROC AUC of one model, and the lower and upper bound of its percentile interval. `score` float (n,)."""
    draws = bootstrap_auc(cases, score[None], draws=settings.bootstrap, seed=settings.seed)
    low, high = percentile_interval(draws, settings.confidence)
    return within_fold_auc(cases, score), float(low[0]), float(high[0])


def compare(auc: Vector, draws: Matrix, confidence: float) -> Comparison:
    """Compare K models: `auc` (K,) as measured, `draws` (B, K) of `bootstrap_auc`."""
    low, high = percentile_interval(draws, confidence)
    delta = auc[:, None] - auc[None, :]
    sampled = draws[:, :, None] - draws[:, None, :]
    error = sampled.std(axis=0, ddof=1)
    largest = _largest(sampled - delta, error)
    # Two models that differ alike in every resample, as one without a fault does from a constant, are apart.
    sure = np.where(delta != 0, np.inf, 0.0)
    statistic = np.divide(np.abs(delta), error, out=sure, where=error > 0)
    # The observed board counts as one more draw, so p is never 0.
    reached = len(draws) - np.searchsorted(np.sort(largest), statistic.ravel(), "left")
    p_adjusted = ((1 + reached) / (1 + len(draws))).reshape(delta.shape)
    np.fill_diagonal(p_adjusted, 1.0)
    winners = draws == draws.max(axis=1, keepdims=True)
    return Comparison(
        low=low,
        high=high,
        delta=delta,
        margin=np.quantile(largest, confidence) * error,
        p_adjusted=p_adjusted,
        p_best=(winners / winners.sum(axis=1, keepdims=True)).mean(axis=0),
    )


def together(values: Vector, draws: Matrix, confidence: float) -> tuple[Vector, Vector]:
    """Bounds of simultaneous intervals (K,): all hold the truth at once in `confidence` of the cases.

    `values` (K,) as measured, `draws` (B, K) of the same on resamples; by max-T, as `compare` does.
    """
    error = draws.std(axis=0, ddof=1)
    margin = np.quantile(_largest(draws - values, error), confidence) * error
    return values - margin, values + margin


def _largest(deviations: NDArray[np.float64], error: NDArray[np.float64]) -> Vector:
    """Give each draw's largest deviation in units of its error; what never deviates has none."""
    scaled = np.abs(deviations) / np.where(error > 0, error, np.inf)
    return np.asarray(scaled.reshape(len(deviations), -1).max(axis=1), np.float64)


def tie_groups(auc: Vector, p_adjusted: Matrix, alpha: float) -> NDArray[np.int64]:
    """Give each model the number of its tie group, 1 for the best.

    A group is the best model that is left and all that are not measurably worse than it.
    """
    groups = np.zeros(len(auc), np.int64)
    while (groups == 0).any():
        left = groups == 0
        best = int(np.argmax(np.where(left, auc, -np.inf)))
        groups[left & (p_adjusted[best] >= alpha)] = groups.max() + 1
    return groups


def rank_intervals(comparison: Comparison, alpha: float) -> list[tuple[int, int]]:
    """(best, worst) rank of each model that the proven differences leave open."""
    proven = comparison.p_adjusted < alpha
    better = (proven & (comparison.delta < 0)).sum(axis=1)
    worse = (proven & (comparison.delta > 0)).sum(axis=1)
    total = len(proven)
    return [(1 + int(above), total - int(below)) for above, below in zip(better, worse, strict=True)]
