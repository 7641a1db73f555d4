"""Where a model is wrong more often than elsewhere: slices of the pictures, judged together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, norm

from wreck_core.evaluation.metrics import Vector

MIN_IMAGES = 20  # in a slice: below it an accuracy says nothing

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Slice:
    """One model on one part of the pictures.

    `name` is `attribute=value`, two of them joined by ` & `. `accuracy` has the interval `low`..`high`,
    which takes whole clusters as its units. `p` says how likely a gap this large to the rest is by
    chance, `p_adjusted` the same among all slices of the model (Benjamini and Hochberg, JRSS B 1995).
    """

    name: str
    images: int
    positives: int
    accuracy: float
    low: float
    high: float
    gap: float  # accuracy here minus accuracy on the rest
    p: float
    p_adjusted: float


def judge(
    wrong: Mask,
    truth: Mask,
    cluster: NDArray[np.int64],
    attributes: Mapping[str, NDArray[np.str_]],
    confidence: float,
) -> list[Slice]:
    """Judge one model on every value of every attribute and on every pair of values, worst first.

    `wrong`, `truth` bool (n,); `cluster` int (n,): pictures of one cluster err together; `attributes` maps
    a name to the value of each picture, str (n,), where "" is unknown. Slices with fewer than
    `MIN_IMAGES` pictures, inside or outside, are left out.

    Accuracies and gaps are ratios of cluster sums, with linearised (sandwich) errors: the same as a
    cluster bootstrap for large n, and thousands of times cheaper. So that 20 of 20 right is no certainty,
    accuracies have Wilson's interval (JASA 1927) for the effective number of pictures, and the error of a
    gap is at least that of two parts that err alike.
    """
    parts = [(name, inside) for name, inside in _parts(attributes) if _judgeable(inside)]
    if not parts:
        return []
    _, unit = np.unique(cluster, return_inverse=True)
    z, rate = float(norm.ppf(0.5 + confidence / 2)), float(wrong.mean())
    rows = []
    for name, inside in parts:
        here, rest = float(wrong[inside].mean()), float(wrong[~inside].mean())
        by_unit = _by_unit(wrong - here, inside, unit) - _by_unit(wrong - rest, ~inside, unit)
        many, others = _effective(wrong, inside, unit), _effective(wrong, ~inside, unit)
        alike = rate * (1 - rate) * (1 / many + 1 / others)
        gap_error = float(np.sqrt(max((by_unit**2).sum(), alike)))
        p = float(2 * norm.sf(abs(here - rest) / gap_error)) if gap_error > 0 else 1.0
        low, high = _wilson(1 - here, many, z)
        rows.append((name, inside, 1 - here, low, high, rest - here, p))
    adjusted = false_discovery_control([row[-1] for row in rows])
    judged = [
        Slice(name, int(inside.sum()), int(truth[inside].sum()), accuracy, low, high, gap, p, float(q))
        for (name, inside, accuracy, low, high, gap, p), q in zip(rows, adjusted, strict=True)
    ]
    return sorted(judged, key=lambda part: (part.accuracy, part.name))


def _parts(attributes: Mapping[str, NDArray[np.str_]]) -> Iterator[tuple[str, Mask]]:
    """Yield every value as a slice, then every pair of values of two attributes."""
    single = {
        name: [(f"{name}={value}", values == value) for value in np.unique(values) if value]
        for name, values in attributes.items()
    }
    for parts in single.values():
        yield from parts
    for left, right in combinations(single.values(), 2):
        for name, inside in left:
            for other, also in right:
                both = inside & also
                # A value that lies wholly inside another says nothing that the smaller one does not.
                if both.sum() < min(inside.sum(), also.sum()):
                    yield f"{name} & {other}", both


def _judgeable(inside: Mask) -> bool:
    many = int(inside.sum())
    return many >= MIN_IMAGES and len(inside) - many >= MIN_IMAGES


def _by_unit(deviation: NDArray[np.floating[Any]], inside: Mask, unit: NDArray[np.intp]) -> Vector:
    """Give each cluster's part of the mean deviation inside; the sum of their squares is its variance."""
    return np.bincount(unit, weights=np.where(inside, deviation, 0.0) / inside.sum()).astype(np.float64)


def _effective(wrong: Mask, inside: Mask, unit: NDArray[np.intp]) -> float:
    """Say how many independent pictures would tell as much as those inside; no more than there are.

    Where all are right, or all wrong, nothing shows how far clusters err together: as if they always did.
    """
    many, rate = int(inside.sum()), float(wrong[inside].mean())
    if rate in (0.0, 1.0):
        return float(many**2 / (np.bincount(unit[inside]) ** 2).sum())
    variance = float((_by_unit(wrong - rate, inside, unit) ** 2).sum())
    return min(float(many), rate * (1 - rate) / variance) if variance > 0 else float(many)


def _wilson(share: float, many: float, z: float) -> tuple[float, float]:
    """Give the bounds of a share that was seen among `many`."""
    middle, weight = (share + z**2 / (2 * many)), 1 + z**2 / many
    half = z * float(np.sqrt(share * (1 - share) / many + z**2 / (4 * many**2)))
    return max(0.0, (middle - half) / weight), min(1.0, (middle + half) / weight)
