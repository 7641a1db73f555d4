"""In which order pictures come to be labelled, so that a model learns most from the fewest.

`auto` begins with pictures that stand for the others, one for each cluster of the features; then it
mixes pictures of which the model is least sure, spread over the clusters, with random ones. Plain
margin loses below a hundred labels, and random ones keep the estimate honest.

Reference: Zhdanov, "Diverse mini-batch active learning" (2019); Settles, "Active learning literature
survey" (2009), for the margin.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans

from wreck_core.labeling.draw import drawn

Floats = NDArray[Any]
Ints = NDArray[np.int64]

REPRESENTATIVES, REPRESENTATIVE_SHARE = 40, 0.02  # the larger of the two comes first
RANDOM_SHARE = 2 / 9  # of what is neither repeated nor representative: 20 % beside 70 % by margin
CANDIDATES = 4  # so many times a batch, the least sure, are clustered for diversity


@dataclass(frozen=True)
class Seen:
    """What is known of N pictures: `features` (N, F), which are `labelled` (N,) bool, and what a model says.

    `probabilities` (N, K) is None before there is one.
    """

    features: Floats
    labelled: NDArray[np.bool_]
    probabilities: Floats | None


def auto(seen: Seen, names: Sequence[str], seed: int) -> list[tuple[int, str]]:
    """Rank all unlabelled pictures: (row, strategy), the most useful first.

    Strategies are `representative`, `margin` and `random`.
    """
    waiting = np.flatnonzero(~seen.labelled)
    first = representatives(seen, seed)
    at_random = sorted(set(waiting.tolist()) - set(first), key=lambda row: drawn(names[row], seed))
    if seen.probabilities is None:
        return [(row, "representative") for row in first] + [(row, "random") for row in at_random]
    rest = np.asarray(sorted(at_random), np.int64)
    unsure = by_margin(seen, rest, batch_size(len(seen.labelled)), seed)
    return [(row, "representative") for row in first] + list(_mixed(unsure, at_random))


def batch_size(pictures: int) -> int:
    """How many pictures are labelled before it is worth to ask a new model."""
    return max(REPRESENTATIVES, round(REPRESENTATIVE_SHARE * pictures))


def representatives(seen: Seen, seed: int) -> list[int]:
    """Give the picture nearest to the middle of each cluster that has no label yet, large clusters first."""
    wanted = min(batch_size(len(seen.labelled)), len(seen.labelled))
    if seen.labelled.sum() >= wanted or not wanted:
        return []
    scaled = _scaled(seen.features)
    cluster, distance = _clusters(scaled, wanted, seed)
    done = set(cluster[seen.labelled].tolist())
    sizes = np.bincount(cluster, minlength=wanted)
    found = []
    for number in sorted(set(cluster.tolist()) - done, key=lambda at: (-sizes[at], at)):
        members = np.flatnonzero(cluster == number)
        found.append(int(members[np.argmin(distance[members])]))
    return found


def margin(probabilities: Floats) -> Floats:
    """Give the gap (N,) between the two likeliest classes of (N, K): 0 is undecided, 1 is sure."""
    ranked = np.sort(probabilities, axis=1)
    return np.asarray(ranked[:, -1] - ranked[:, -2])


def by_margin(seen: Seen, rows: Ints, batch: int, seed: int) -> list[int]:
    """Rank `rows` by the model's doubt; the first `batch` are spread over the clusters of the least sure."""
    if seen.probabilities is None or not len(rows):
        return [int(row) for row in rows]
    doubt = 1 - margin(seen.probabilities[rows])
    ranked = rows[np.lexsort((rows, -doubt))]
    candidates = ranked[: CANDIDATES * batch]
    if len(candidates) <= batch:
        return [int(row) for row in ranked]
    weights = 1 - margin(seen.probabilities[candidates])
    cluster, distance = _clusters(_scaled(seen.features[candidates]), batch, seed, weights + 1e-6)
    first = []
    for number in np.unique(cluster):
        members = np.flatnonzero(cluster == number)
        first.append(int(candidates[members[np.argmin(distance[members])]]))
    chosen = set(first)
    order = {int(row): at for at, row in enumerate(ranked)}
    return sorted(first, key=order.__getitem__) + [int(row) for row in ranked if int(row) not in chosen]


def _mixed(unsure: list[int], at_random: list[int]) -> Iterator[tuple[int, str]]:
    """Take turns between two orders of the same pictures, so that RANDOM_SHARE is of the second."""
    taken: set[int] = set()
    queues = {"margin": iter(unsure), "random": iter(at_random)}
    owed = 0.0
    for _ in unsure:
        owed += RANDOM_SHARE
        strategy = "random" if owed >= 1 else "margin"
        owed -= strategy == "random"
        row = next(row for row in queues[strategy] if row not in taken)
        taken.add(row)
        yield row, strategy


def _clusters(features: Floats, count: int, seed: int, weights: Floats | None = None) -> tuple[Ints, Floats]:
    """Cluster (N, F) by k-means: the cluster (N,) of each row and its distance (N,) to the middle."""
    means = MiniBatchKMeans(count, random_state=seed, n_init=3, batch_size=1024)
    cluster = means.fit_predict(features, sample_weight=weights)
    return np.asarray(cluster, np.int64), np.linalg.norm(features - means.cluster_centers_[cluster], axis=1)


def _scaled(features: Floats) -> Floats:
    """Give each vector length 1: what counts is the direction."""
    rows = np.asarray(features, np.float64)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
