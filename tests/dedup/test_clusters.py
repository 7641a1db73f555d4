from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wreck_core.dedup import clusters
from wreck_core.errors import GateError
from wreck_core.params import DedupParams

LIMITS = DedupParams(threshold_bits=72, review_bits=84, crops=False, max_cluster=3, max_removed_fraction=0.2)

PICTURE = {
    "width": 100,
    "height": 100,
    "bytes": 5_000,
    "list": "a.csv",
    "line": 1,
    "labeled_at": "",
    "trained": False,
}


def ranked(**pictures: dict[str, object]) -> str:
    table = pd.DataFrame([{**PICTURE, "sha256": name, **values} for name, values in pictures.items()])
    return "".join(clusters.rank(table).sha256)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"labeled_at": "2026-01-01T00:00:00Z", "trained": True}, {"width": 900}),
        (
            {"labeled_at": "2026-01-02T00:00:00Z", "trained": True},
            {"labeled_at": "2026-01-01T00:00:00Z", "width": 900},
        ),
        (
            {"labeled_at": "2026-01-01T00:00:00Z", "trained": True},
            {"labeled_at": "2026-01-02T00:00:00Z", "trained": True, "width": 900},
        ),
        ({"labeled_at": "2026-01-01T00:00:00Z"}, {"width": 900}),
        ({"width": 101}, {"bytes": 9_000}),
        ({"bytes": 5_001}, {"line": 0}),
        ({"list": "a.csv", "line": 9}, {"list": "b.csv", "line": 2}),
        ({"line": 2}, {"line": 10}),
    ],
    ids=["trained", "before_unsure", "earliest", "labelled", "pixels", "bytes_a_pixel", "list", "line"],
)
def test_survivor_order(better: dict[str, object], worse: dict[str, object]) -> None:
    assert ranked(z=better, a=worse) == ranked(a=worse, z=better) == "za"


def test_the_smallest_sha_breaks_a_tie() -> None:
    assert ranked(c={}, a={}, b={}) == "abc"


def test_a_chain_does_not_become_one_cluster() -> None:
    # 0 - 1 - 2 - 3: neighbours are near, ends are not.
    assert clusters.stars(4, [(0, 1), (1, 2), (2, 3)], [], set()).tolist() == [0, 0, 2, 2]


def test_a_picture_joins_the_best_survivor_within_reach() -> None:
    assert clusters.stars(3, [(0, 2), (1, 2)], [], set()).tolist() == [0, 1, 0]


def test_what_is_the_same_follows_to_the_survivor() -> None:
    assert clusters.stars(3, [(0, 1)], [(1, 2)], set()).tolist() == [0, 0, 0]


def test_what_a_person_set_apart_never_joins() -> None:
    assert clusters.stars(2, [(0, 1)], [(0, 1)], {(0, 1)}).tolist() == [0, 1]
    assert clusters.stars(3, [(0, 1)], [(1, 2)], {(0, 2)}).tolist() == [0, 0, 2]
    assert clusters.stars(3, [(0, 1)], [(1, 2)], {(1, 2)}).tolist() == [0, 0, 2]


pair = st.sampled_from(list(combinations(range(12), 2)))


@settings(deadline=None)
@given(near=st.lists(pair), same=st.lists(pair), apart=st.sets(pair, max_size=5))
def test_survivors_survive_and_near_members_reach_them(
    near: list[tuple[int, int]], same: list[tuple[int, int]], apart: set[tuple[int, int]]
) -> None:
    survivor = clusters.stars(12, near, same, apart)
    assert (survivor <= np.arange(12)).all()
    assert (survivor[survivor] == survivor).all()
    assert not any((int(survivor[right]), right) in apart for right in range(12))
    shuffled = clusters.stars(12, near[::-1], same[::-1], apart)
    assert shuffled.tolist() == survivor.tolist()
    only_near = clusters.stars(12, near, [], apart)
    for right in range(12):
        assert only_near[right] == right or (int(only_near[right]), right) in near


def table(count: int) -> pd.DataFrame:
    return pd.DataFrame({"path": [f"{rank}.jpg" for rank in range(count)]})


def test_too_large_a_cluster_stops_the_run_and_is_shown() -> None:
    with pytest.raises(GateError, match=r"4 pictures, more than dedup.max_cluster 3") as error:
        clusters.check(table(30), np.array([0, 0, 0, 0, *range(4, 30)]), 3, LIMITS)
    assert "0.jpg would stand for 3:\n      1.jpg\n      2.jpg\n      3.jpg\n" in str(error.value)
    assert "wreck dedup --review" in str(error.value)


def test_too_many_near_duplicates_stop_the_run() -> None:
    survivor = np.array([0, 0, 2, 2, 4, 4, 6, 7, 8, 9])
    with pytest.raises(GateError, match="3 of 10 pictures are near-duplicates"):
        clusters.check(table(10), survivor, 3, LIMITS)
    clusters.check(table(10), survivor, 2, LIMITS)
