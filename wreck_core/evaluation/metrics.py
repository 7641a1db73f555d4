"""Scores of one model on the pictures that every model answered.

`*_auc`, `accuracy`, `precision`, `recall`: up is better. `*_loss`, `brier`, `*_error`: down is better.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Cases:
    """The pictures that every model answered, in one order.

    `truth` bool (n,): is it of the positive class; `fold` int (n,); `cluster` int (n,): pictures with the
    same number show the same thing and are resampled together.
    """

    truth: NDArray[np.bool_]
    fold: NDArray[np.int64]
    cluster: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.truth)

    def part(self, inside: NDArray[np.bool_]) -> "Cases":
        """Give the cases where `inside`, bool (n,), in order."""
        return Cases(self.truth[inside], self.fold[inside], self.cluster[inside])

    @property
    def two_sided(self) -> bool:
        """Whether both classes occur, so that a ROC curve exists."""
        return bool(self.truth.any() and not self.truth.all())


def weighted_auc(cases: Cases, score: Vector, weights: Matrix) -> Vector:
    """ROC AUC within fold, averaged by pair count, for many weightings at once.

    `score` float (n,), any scale that is comparable within a fold; `weights` float (n, B) >= 0.
    Returns float (B,) in [0, 1]; ties count half, and 0.5 stands where no fold holds both classes.

    Scores of different folds come from different models and are never compared with each other.
    Cost: O(n log n + n B) instead of the O(n^2 B) of all pairs.
    """
    wins, pairs = np.zeros(weights.shape[1]), np.zeros(weights.shape[1])
    for fold in np.unique(cases.fold):
        inside = cases.fold == fold
        positives, negatives = np.flatnonzero(inside & cases.truth), np.flatnonzero(inside & ~cases.truth)
        negatives = negatives[np.argsort(score[negatives], kind="stable")]
        below = np.zeros((len(negatives) + 1, weights.shape[1]))
        np.cumsum(weights[negatives], axis=0, out=below[1:])
        first = np.searchsorted(score[negatives], score[positives], "left")
        last = np.searchsorted(score[negatives], score[positives], "right")
        beaten = (below[first] + below[last]) / 2
        wins += np.einsum("nb,nb->b", weights[positives], beaten)
        pairs += weights[positives].sum(axis=0) * below[-1]
    return np.divide(wins, pairs, out=np.full_like(wins, 0.5), where=pairs > 0)


def within_fold_auc(cases: Cases, score: Vector) -> float:
    """ROC AUC within fold, averaged by pair count: the number that ranks the board."""
    return float(weighted_auc(cases, score, np.ones((len(cases), 1)))[0])


@dataclass(frozen=True)
class Confusion:
    """Counts at one threshold; the positive class is the alarm."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        right = self.true_positive + self.true_negative
        return _share(right, right + self.false_positive + self.false_negative)

    @property
    def precision(self) -> float:
        """Share of alarms that are right; 0 without an alarm."""
        return _share(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """Share of positives that raise the alarm."""
        return _share(self.true_positive, self.true_positive + self.false_negative)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        doubled = 2 * self.true_positive
        return _share(doubled, doubled + self.false_positive + self.false_negative)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def confusion(truth: NDArray[np.bool_], p: Vector, threshold: float) -> Confusion:
    """Count the four outcomes of saying positive where `p >= threshold`."""
    alarm = p >= threshold
    return Confusion(
        true_positive=int((alarm & truth).sum()),
        false_positive=int((alarm & ~truth).sum()),
        false_negative=int((~alarm & truth).sum()),
        true_negative=int((~alarm & ~truth).sum()),
    )


def log_loss(truth: NDArray[np.bool_], p: Vector) -> float:
    """Mean negative log-likelihood in nats, of probabilities `p` in [0, 1]."""
    return float(sk.log_loss(truth, p, labels=[False, True]))


def brier(truth: NDArray[np.bool_], p: Vector) -> float:
    """Mean squared error of probabilities `p` in [0, 1]."""
    return float(np.mean((p - truth) ** 2))


def reliability(truth: NDArray[np.bool_], p: Vector, bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean p, share of positives, count) of each filled bin of equal width."""
    index = np.minimum((p * bins).astype(np.int64), bins - 1)
    filled = [(index == number) for number in range(bins) if (index == number).any()]
    return [(float(p[here].mean()), float(truth[here].mean()), int(here.sum())) for here in filled]


def expected_calibration_error(truth: NDArray[np.bool_], p: Vector, bins: int = 10) -> float:
    """Mean gap between stated and observed probability, by bins of equal width.

    Reference: Naeini et al., "Obtaining well calibrated probabilities using Bayesian binning" (AAAI 2015).
    """
    gaps = [abs(mean - share) * count for mean, share, count in reliability(truth, p, bins)]
    return sum(gaps) / len(truth)


def recall_at_precision(truth: NDArray[np.bool_], p: Vector, precision: float) -> float:
    """Largest recall that any threshold reaches with at least this precision; 0 when none does."""
    precisions, recalls, _ = sk.precision_recall_curve(truth, p)
    return float(recalls[precisions >= precision].max())


def roc_points(truth: NDArray[np.bool_], score: Vector, limit: int = 80) -> list[tuple[float, float]]:
    """At most `limit` (false-positive rate, true-positive rate) corners of the ROC curve, from 0,0 to 1,1."""
    false_rate, true_rate, _ = sk.roc_curve(truth, score)
    # Even steps along the curve, so that the steep start keeps its shape.
    along = false_rate + true_rate
    keep = np.unique(np.searchsorted(along, np.linspace(0, along[-1], limit)))
    return [(float(false_rate[at]), float(true_rate[at])) for at in keep]


def pr_points(truth: NDArray[np.bool_], score: Vector, limit: int = 80) -> list[tuple[float, float]]:
    """At most `limit` (recall, precision) points of the curve, by rising recall, from 0,1 to all alarms."""
    precision, recall, _ = sk.precision_recall_curve(truth, score)
    precision, recall = precision[::-1], recall[::-1]
    # The best threshold of each recall, and last the threshold at which everything is an alarm.
    steps = np.searchsorted(recall, np.linspace(0, 1, limit - 1))
    keep = np.unique([*steps, len(recall) - 1])
    return [(float(recall[at]), float(precision[at])) for at in keep]


def average_precision(truth: NDArray[np.bool_], score: Vector) -> float:
    """Precision averaged over recall; a score that knows nothing has the share of positives."""
    return float(sk.average_precision_score(truth, score))
