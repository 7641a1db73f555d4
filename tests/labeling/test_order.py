"""The order by a model's doubt and the features' clusters, without any network."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wreck_core.labeling import order
from wreck_core.labeling.order import Seen


def blobs(count: int, of: int = 8, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """`count` points around `of` middles: features (N, 16) and the blob (N,) of each."""
    rng = np.random.default_rng(seed)
    middles, blob = rng.normal(size=(of, 16)), rng.integers(0, of, count)
    return middles[blob] + rng.normal(scale=0.02, size=(count, 16)), blob


def names(count: int) -> list[str]:
    return [f"{number:064x}" for number in range(count)]


@given(st.integers(0, 130), st.integers(0, 99), st.booleans())
def test_every_unlabelled_picture_comes_exactly_once(count: int, seed: int, asked: bool) -> None:
    rng = np.random.default_rng(seed)
    features, _ = blobs(count, seed=seed)
    p = rng.dirichlet([1, 1], count) if asked else None
    seen = Seen(features, rng.random(count) < 0.5, p)
    ranked = order.auto(seen, names(count), seed)
    assert sorted(row for row, _ in ranked) == np.flatnonzero(~seen.labelled).tolist()
    assert order.auto(seen, names(count), seed) == ranked


def test_representatives_are_of_every_cluster_and_leave_out_those_with_a_label() -> None:
    features, blob = blobs(400, of=40)
    nothing = np.zeros(400, bool)
    first = order.representatives(Seen(features, nothing, None), 1)
    assert len(first) == 40
    assert len(set(blob[first])) >= 34
    some = nothing.copy()
    some[first[:39]] = True
    left = order.representatives(Seen(features, some, None), 1)
    assert left == [first[39]]


def test_a_batch_by_margin_is_doubtful_and_spread() -> None:
    features, blob = blobs(1_000, of=5)
    p = np.random.default_rng(1).uniform(0.5, 1.0, 1_000)
    seen = Seen(features, np.zeros(1_000, bool), np.stack([p, 1 - p], axis=1))
    ranked = order.by_margin(seen, np.arange(1_000), 10, 1)
    assert p[ranked[:10]].max() <= np.sort(p)[40]  # of the least sure
    assert set(blob[ranked[:10]]) == set(range(5))
    assert (np.diff(p[ranked[10:]]) >= 0).all()
