"""How far annotators agree beyond chance, on the pictures that they share, with intervals over pictures.

References: Cohen, "A coefficient of agreement for nominal scales" (1960); Krippendorff, "Computing
Krippendorff's Alpha-Reliability" (2011).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wreck_core.labeling.schema import ADJUDICATE

Counts = NDArray[np.float64]

_DRAWS_AT_ONCE = 50


@dataclass(frozen=True)
class Agreement:
    """Agreement of some annotators on `n` pictures; `value` is 1 for perfect, 0 for chance.

    `value`, `low` and `high` are None where nothing can be said: no picture is shared, or all labels
    are one. `observed` is the share of pairs of labels that are equal.
    """

    coefficient: str
    annotators: tuple[str, ...]
    n: int
    value: float | None
    low: float | None
    high: float | None
    observed: float | None


def measure(
    current: Iterable[dict[str, Any]], draws: int, confidence: float, seed: int
) -> tuple[Agreement | None, list[Agreement]]:
    """Measure the agreement of all annotators together, and of each pair that shares a picture.

    `current` are current labels (sha256, annotator, label, and of the store's the kind). Adjudications do
    not count: they know of a dispute.
    All together is Cohen's kappa for two annotators, Krippendorff's alpha for more, None for fewer.
    The interval is a percentile bootstrap over pictures.
    """
    said: dict[str, dict[str, str]] = {}
    for vote in current:
        if vote.get("kind") != ADJUDICATE:
            said.setdefault(vote["annotator"], {})[vote["sha256"]] = vote["label"]
    names = sorted(said)
    pairs = []
    for one, other in combinations(names, 2):
        shared = sorted(said[one].keys() & said[other].keys())
        if shared:
            table = tally_pairs([said[one][sha] for sha in shared], [said[other][sha] for sha in shared])
            limits = _interval(table, kappa_of, draws, confidence, seed)
            value = _finite(kappa_of(table.sum(0)))
            pairs.append(Agreement("kappa", (one, other), len(table), value, *limits, observed(table)))
    if len(names) < 3:
        return (pairs[0] if pairs else None), pairs
    pictures = sorted(set().union(*said.values()))
    votes = [[said[name][sha] for name in names if sha in said[name]] for sha in pictures]
    table = tally_votes(votes)
    limits = _interval(table, alpha_of, draws, confidence, seed)
    value = _finite(alpha_of(table.sum(0)))
    return Agreement("alpha", tuple(names), len(table), value, *limits, observed(table)), pairs


def cohens_kappa(one: Sequence[str], other: Sequence[str]) -> float:
    """Give Cohen's kappa of two annotators' labels of the same pictures; NaN when all labels are one."""
    return float(kappa_of(tally_pairs(one, other).sum(0)))


def tally_pairs(one: Sequence[str], other: Sequence[str]) -> Counts:
    """Float64 (N, 1 + 2 K): labels that have an equal (0 or 2), and what each says, a column a label."""
    labels = {label: at for at, label in enumerate(sorted({*one, *other}))}
    rows = np.zeros((len(one), 1 + 2 * len(labels)))
    first, second = ([labels[label] for label in said] for said in (one, other))
    at = np.arange(len(one))
    rows[at, 0] = 2 * (np.asarray(first) == np.asarray(second))
    rows[at, 1 + np.asarray(first, int)] = 1
    rows[at, 1 + len(labels) + np.asarray(second, int)] = 1
    return rows


def tally_votes(votes: Sequence[Sequence[str]]) -> Counts:
    """Float64 (N, 1 + K) of pictures with two labels or more: labels that have an equal, labels by name.

    A label counts by the share of the picture's other labels that equal it.
    """
    shared = [said for said in votes if len(said) > 1]
    labels = {label: at for at, label in enumerate(sorted({label for said in shared for label in said}))}
    rows = np.zeros((len(shared), 1 + len(labels)))
    for row, said in zip(rows, shared, strict=True):
        for label in said:
            row[1 + labels[label]] += 1
        counts = row[1:]
        row[0] = (counts * (counts - 1)).sum() / (len(said) - 1)
    return rows


def kappa_of(sums: Counts) -> Counts:
    """Cohen's kappa of sums (..., 1 + 2 K) over rows of `tally_pairs`."""
    equal, said = sums[..., 0], sums[..., 1:]
    one, other = np.split(said, 2, axis=-1)
    n = one.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_chance = (one * other).sum(-1) / n**2
        return np.asarray((equal / (2 * n) - by_chance) / (1 - by_chance))


def alpha_of(sums: Counts) -> Counts:
    """Krippendorff's alpha of sums (..., 1 + K) over rows of `tally_votes`, for labels without order."""
    equal, by_label = sums[..., 0], sums[..., 1:]
    n = by_label.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1 - (n - 1) * (n - equal) / (n**2 - (by_label**2).sum(-1)))


def observed(table: Counts) -> float | None:
    """Share of equal labels among those that others gave of the same picture."""
    labels = table[:, 1:].sum()
    return round(float(table[:, 0].sum() / labels), 4) if labels else None


def _interval(
    table: Counts, statistic: Callable[[Counts], Counts], draws: int, confidence: float, seed: int
) -> tuple[float | None, float | None]:
    """Draw pictures with replacement; percentiles of the statistic over the draws that have one."""
    n = len(table)
    if not n:
        return None, None
    rng = np.random.default_rng(seed)
    values = []
    for start in range(0, draws, _DRAWS_AT_ONCE):
        picks = rng.integers(0, n, (min(_DRAWS_AT_ONCE, draws - start), n))
        weights = np.stack([np.bincount(pick, minlength=n) for pick in picks]).astype(np.float64)
        values.append(statistic(weights @ table))
    drawn = np.concatenate(values)
    drawn = drawn[np.isfinite(drawn)]
    if not drawn.size:
        return None, None
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return _finite(low), _finite(high)


def _finite(value: Any) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
