"""Is a picture like those that the model was trained on? If not, it may be no car at all.

The cosine distance to the fifth nearest training picture in the features that the head stands on,
against the 99th percentile of that distance among the training pictures themselves, each measured
from the other folds only: near-duplicates never vouch for each other.

Reference: Sun et al., "Out-of-Distribution Detection with Deep Nearest Neighbors" (ICML 2022).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wreck_core import files

KEPT = 10_000  # directions; more would be a larger file, and take longer than the network itself
AT_ONCE = 1024  # pictures whose distances are in memory together
NEIGHBOURS = 5
PERCENTILE = 99.0

Features = NDArray[np.float32]


@dataclass(frozen=True)
class Known:
    """Directions of up to `KEPT` training pictures' features, float32 (N, F); the largest usual distance."""

    directions: Features
    threshold: float

    def distance(self, features: Features) -> float:
        """Distance of one picture's features, of which the first F count: 0 to 2."""
        own = features[None, : self.directions.shape[1]]
        return float(_distances(_directions(own), self.directions)[0])

    def holds(self, features: Features) -> bool:
        """Say whether the picture is as near as 99 of 100 training pictures are."""
        return self.distance(features) <= self.threshold


def fit(features: Features, fold: NDArray[Any]) -> Known:
    """Learn from features (N, F) of pictures in folds (N,); their order says nothing (that of hashes)."""
    directions = _directions(features)
    if len(np.unique(fold)) == 1:  # a split that has no folds: every picture for itself
        fold = np.arange(len(directions))
    kept = np.linspace(0, len(directions) - 1, min(len(directions), KEPT)).astype(np.intp)
    known, fold_of_known = directions[kept], fold[kept]
    distances = np.concatenate(
        [_distances(directions[fold == one], known[fold_of_known != one]) for one in np.unique(fold)]
    )
    return Known(known, float(np.percentile(distances, PERCENTILE)))


def _directions(features: Features) -> Features:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)


def _distances(pictures: Features, others: Features) -> Features:
    rank = min(NEIGHBOURS, len(others))
    found = np.empty(len(pictures), np.float32)
    for at in range(0, len(pictures), AT_ONCE):
        nearness = pictures[at : at + AT_ONCE] @ others.T
        nearness.partition(-rank, axis=1)
        found[at : at + AT_ONCE] = 1 - nearness[:, -rank]
    return found


def save(known: Known, path: Path) -> None:
    """Write an .npz file at once or not at all."""
    with files.replacing(path) as temp, temp.open("wb") as handle:
        directions = known.directions.astype(np.float16)  # half the size, and a thousandth of the threshold
        np.savez_compressed(handle, directions=directions, threshold=np.float64(known.threshold))


def load(path: Path) -> Known | None:
    """Read what `save` wrote; None where a model has none. Raises InputError when it is damaged."""
    if not path.exists():
        return None
    stored = files.read_arrays(path)
    return Known(stored["directions"].astype(np.float32), float(stored["threshold"]))
