import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wreck_core.dedup import search
from wreck_core.phash import HASH_BYTES, Hashes, mirrored


def hashes_around(seed: int, count: int, flips: int) -> Hashes:
    """Hashes in families: a few centres, each hash some random flips away from one, some empty."""
    random = np.random.default_rng(seed)
    centres = random.integers(0, 2, (max(1, count // 6), 256), dtype=np.uint8)
    bits = centres[random.integers(0, len(centres), count)]
    for row in bits:
        # Half of the flips fall on the blocking key, so that many pairs lie around its radius.
        key = np.flatnonzero(np.arange(256) % 16 < 8)[:64]
        row[random.choice(key, random.integers(0, flips // 4 + 1))] ^= 1
        row[random.choice(256, random.integers(0, flips + 1))] ^= 1
    bits[random.random(count) < 0.05] = 0
    return np.packbits(bits, axis=1)


def by_brute_force(hashes: Hashes, radius_bits: int) -> set[tuple[int, int]]:
    """Every pair compared: near as the search defines it."""
    whole = np.bitwise_count(hashes[:, None] ^ hashes[None]).sum(axis=2)
    corner = hashes[:, 0:16:2]
    key = np.bitwise_count(corner[:, None] ^ corner[None]).sum(axis=2)
    present = hashes.any(axis=1)
    near = (whole <= radius_bits) & (key <= search.BLOCK_RADIUS_BITS) & present[:, None] & present[None]
    return {(int(left), int(right)) for left, right in zip(*np.nonzero(np.triu(near, 1)), strict=True)}


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(0, 120),
    flips=st.integers(0, 60),
    radius=st.integers(0, 84),
)
def test_the_search_finds_what_brute_force_finds(seed: int, count: int, flips: int, radius: int) -> None:
    full = hashes_around(seed, count, flips)
    # Distinct squares that are near nothing, so that no two pictures are collapsed into one.
    square = np.random.default_rng(seed).integers(0, 256, (count, HASH_BYTES)).astype(np.uint8)
    pairs = search.near_pairs(full, square, radius)
    found = set(zip(pairs.left, pairs.right, strict=True))
    assert len(found) == len(pairs)
    assert found == by_brute_force(full, radius) | by_brute_force(square, radius)
    distance = [
        int(np.bitwise_count(full[a] ^ full[b]).sum()) for a, b in zip(pairs.left, pairs.right, strict=True)
    ]
    assert pairs.distance.tolist() == distance


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 60))
def test_mirror_pairs_are_what_brute_force_finds(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    full = random.integers(0, 256, (count, HASH_BYTES)).astype(np.uint8)
    full[1] = mirrored(full[:1])[0]
    pairs = search.mirror_pairs(full, 72)
    both = np.concatenate([full, mirrored(full)])
    expected = {
        (left, right - count) for left, right in by_brute_force(both, 72) if left < right - count < count
    }
    assert set(zip(pairs.left, pairs.right, strict=True)) == expected
    assert (0, 1) in expected


def test_a_pair_counts_by_the_nearer_of_its_two_hashes() -> None:
    random = np.random.default_rng(1)
    full = random.integers(0, 256, (2, HASH_BYTES)).astype(np.uint8)
    square = np.repeat(random.integers(0, 256, (1, HASH_BYTES)).astype(np.uint8), 2, axis=0)
    square[1, 31] ^= 0b111
    pairs = search.near_pairs(full, square, 72)
    assert pairs[["left", "right", "distance"]].to_numpy().tolist() == [[0, 1, 3]]


def test_equal_hashes_are_linked_to_the_first_only() -> None:
    # Five in a hundred equal: compared each with each they would be half a million pairs.
    random = np.random.default_rng(2)
    full = random.integers(0, 256, (20_000, HASH_BYTES)).astype(np.uint8)
    full[:1_000] = full[0]
    pairs = search.near_pairs(full, full, 72)
    hot = pairs[pairs.identical]
    assert len(hot) == 999
    assert set(hot.left) == {0}


def test_pictures_without_a_hash_are_near_nothing() -> None:
    nothing = np.zeros((3, HASH_BYTES), np.uint8)
    assert search.near_pairs(nothing, nothing, 84).empty
    assert search.mirror_pairs(nothing, 84).empty
    assert search.distance_bits(nothing, nothing).tolist() == [search.NO_DISTANCE] * 3
