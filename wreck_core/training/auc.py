"""ROC AUC of out-of-fold answers with its interval, as metrics.json and the model's card have it.

The board draws for all rows at once, `report.bootstrap` times and each class for itself: its interval of the
same answers is another by a few thousandths. No training must become stale with the settings of the report.
"""

import numpy as np

from wreck_core.evaluation.metrics import Cases, Vector, weighted_auc, within_fold_auc

DRAWS, CHUNK = 1000, 100  # resamples, and how many of them are held at once
PERCENTILES = (2.5, 97.5)


def with_interval(cases: Cases, score: Vector, seed: int) -> tuple[float, float, float]:
    """Give the ROC AUC within fold, and the lower and upper bound of its interval (95 %).

    Whole clusters are drawn with replacement; they are numbered from 0 without gaps. `score` float (n,).
    """
    rng, clusters = np.random.default_rng(seed), int(cases.cluster.max()) + 1
    even = np.full(clusters, 1 / clusters)
    sampled = [
        weighted_auc(cases, score, rng.multinomial(clusters, even, CHUNK).T[cases.cluster].astype(np.float64))
        for _ in range(DRAWS // CHUNK)
    ]
    low, high = np.percentile(np.concatenate(sampled), PERCENTILES)
    return within_fold_auc(cases, score), float(low), float(high)
