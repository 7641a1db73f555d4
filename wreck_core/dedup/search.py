"""Find all pairs of pictures whose perceptual hashes are near, without comparing every pair.

Two hashes are near when their 8 x 8 lowest frequencies differ in at most BLOCK_RADIUS_BITS of 64
(edits leave those alone) and the whole in at most the asked number of 256. The first condition is
the key of the search: by the generalised pigeonhole, two keys within the radius agree in some band
of 16 bits up to a few, so only the buckets around each band value are compared. The result is exact.
Keys lie in tiles of a few from one bucket, and whole tiles are compared: numpy then spends its time on
counting bits and not on lists of pairs.

Reference: Qin et al., "GPH: Similarity search in Hamming space" (ICDE 2018).
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core.phash import HASH_BYTES, Hashes, mirrored

# Edited photos (watermark, crop 5 %, JPEG 10) are all found at 10 as at 12; windows of crops need 11 (15 %
# off at random: 81 % at 10, 91 % at 11). From 10 to 11 the search costs 1.3 times as much, to 12 twice that.
BLOCK_RADIUS_BITS = 11
NO_DISTANCE = 256  # where one of the two pictures is too flat to have a hash

_BANDS = 4
_BAND_BITS = 16
_BUCKETS = 1 << _BAND_BITS
_CHUNK_PAIRS = 1 << 16  # 8 bytes each stay in the cache of one core

_AS_IT_IS = np.zeros((1, HASH_BYTES), np.uint8)
# What a mirror does to a hash, as bits to flip: of two pictures it does not matter which is mirrored.
_MIRROR: Hashes = mirrored(~_AS_IT_IS) ^ ~_AS_IT_IS

Words = NDArray[np.uint64]
Indices = NDArray[np.int64]


def near_pairs(full: Hashes, square: Hashes, radius_bits: int) -> pd.DataFrame:
    """All pairs near by full frame or by centre square: columns left < right, distance, identical.

    `full` and `square` are uint8 (N, 32). Pictures with both hashes equal (`identical`) are linked
    to the first of them only, which stands for them all: thousands of equal ones cost nothing.
    """
    first = _first_of_equal(full, square)
    stands = np.flatnonzero(first == np.arange(len(first)))
    found = [stands[_join(hashes[stands], radius_bits)] for hashes in (full, square)]
    pairs = np.unique(np.concatenate(found), axis=0)
    follows = np.flatnonzero(first != np.arange(len(first)))
    pairs = np.concatenate([pairs, np.column_stack([first[follows], follows])])
    left, right = pairs.T
    frame = pd.DataFrame({"left": left, "right": right})
    frame["distance"] = np.minimum(
        distance_bits(full[left], full[right]), distance_bits(square[left], square[right])
    )
    frame["identical"] = first[right] == left
    return frame.sort_values(["right", "left"], ignore_index=True)


def mirror_pairs(full: Hashes, radius_bits: int) -> pd.DataFrame:
    """All pairs of which one looks like the other's mirror image: columns left < right, distance."""
    first = _first_of_equal(full, full)
    stands = np.flatnonzero(first == np.arange(len(first)))
    left, right = stands[_join(full[stands], radius_bits, flips=_MIRROR)].T
    distance = distance_bits(full[left], mirrored(full[right]))
    return pd.DataFrame({"left": left, "right": right, "distance": distance})


def cross_pairs(one: Hashes, other: Hashes, radius_bits: int) -> Indices:
    """All pairs (P, 2) of a row of `one` and a row of `other` that are near. Both uint8 (N, 32)."""
    pairs = _join(np.concatenate([one, other]), radius_bits)
    crosses = (pairs[:, 0] < len(one)) & (pairs[:, 1] >= len(one))
    return pairs[crosses] - np.array([0, len(one)], np.int64)


def distance_bits(one: Hashes, other: Hashes) -> Indices:
    """Hamming distance of each row, 0-256; NO_DISTANCE where a row is no hash. Both uint8 (N, 32)."""
    bits = np.bitwise_count(_words(one) ^ _words(other)).sum(axis=1).astype(np.int64)
    both = one.any(axis=1) & other.any(axis=1)
    return np.where(both, bits, NO_DISTANCE)


def _words(hashes: Hashes) -> Words:
    return np.ascontiguousarray(hashes).view(np.uint64)


def _keys(hashes: Hashes) -> Words:
    """Pick the 8 x 8 lowest of the 16 x 16 frequencies, a bit each: uint64 (N,)."""
    return np.ascontiguousarray(hashes[:, 0:16:2]).view(np.uint64)[:, 0]


def _first_of_equal(full: Hashes, square: Hashes) -> Indices:
    """Index of the first picture with the same two hashes; a picture without a hash is its own first."""
    both = np.ascontiguousarray(np.concatenate([full, square], axis=1))
    rows = both.view(np.dtype((np.void, both.shape[1])))[:, 0]
    _, index, inverse = np.unique(rows, return_index=True, return_inverse=True)
    return np.where(both.any(axis=1), index[inverse], np.arange(len(both)))


def _join(hashes: Hashes, radius_bits: int, flips: Hashes = _AS_IT_IS) -> Indices:
    """Pairs (P, 2) of rows, left < right, that are near once the `flips` (1, 32) are made in one of them."""
    present = np.flatnonzero(hashes.any(axis=1))
    keys, words = _keys(hashes[present]), _words(hashes[present])
    found = [np.empty((0, 2), np.int64)]
    for left, right in _near_keys(keys, _keys(flips)[0]):
        near = np.bitwise_count(words[left] ^ words[right] ^ _words(flips)).sum(axis=1) <= radius_bits
        found.append(np.column_stack([left[near], right[near]]))
    return present[np.unique(np.sort(np.concatenate(found), axis=1), axis=0)]


def _near_keys(keys: Words, flips: np.uint64) -> Iterator[tuple[Indices, Indices]]:
    """Pairs of rows whose keys are near once `flips` are made, in chunks, some more than once."""
    # The allowances plus one add up to the radius plus one: were every band beyond its own, the
    # keys would be beyond the radius.
    spare = BLOCK_RADIUS_BITS + 1 - _BANDS
    for band in range(_BANDS):
        allowance = spare // _BANDS + (band < spare % _BANDS)
        shift = np.uint64(band * _BAND_BITS)
        tiles = _Tiles(keys, (keys >> shift).astype(np.uint16))
        band_flips = int(flips >> shift) % _BUCKETS
        for errors in range(allowance + 1):
            for places in combinations(range(_BAND_BITS), errors):
                mask = band_flips ^ sum(1 << place for place in places)
                for left, right in tiles.neighbours(mask):
                    yield tiles.near(left, right, flips)


class _Tiles:
    """Keys by the value of one band, in tiles of `width`: a bucket fills some, the last with gaps."""

    def __init__(self, keys: Words, values: NDArray[np.uint16]) -> None:
        # Wider tiles are faster, as long as most of them are full.
        self.width = int(np.clip(len(keys) // _BUCKETS, 1, 8))
        order = np.argsort(values, kind="stable")  # 16 bits: a radix sort
        count = np.bincount(values, minlength=_BUCKETS)
        tiles = -(-count // self.width)
        self._starts = np.concatenate([[0], np.cumsum(tiles)])
        self._values = np.repeat(np.arange(_BUCKETS), tiles)
        gaps_before = self._starts[:-1] * self.width - (np.cumsum(count) - count)
        slots = np.arange(len(keys)) + gaps_before[values[order]]
        shape = (self._starts[-1], self.width)
        self._rows = np.full(shape, -1, np.int64)
        self._keys = np.zeros(shape, np.uint64)
        self._rows.flat[slots] = order
        self._keys.flat[slots] = keys[order]
        # The tiles' places side by side, so that one operation runs over many tiles.
        self._columns = np.ascontiguousarray(self._keys.T)

    def neighbours(self, mask: int) -> Iterator[tuple[Indices, Indices]]:
        """Pairs of tiles whose band values differ by exactly the bits of `mask`, in chunks."""
        partner = self._values ^ mask
        begin, end = self._starts[partner], self._starts[partner + 1]
        if mask == 0:
            begin = np.arange(len(partner))  # itself and the rest of its own bucket
        upward = np.flatnonzero((partner >= self._values) & (end > begin))
        begin, count = begin[upward], (end - begin)[upward]
        ends = np.cumsum(count)
        at, chunk = 0, _CHUNK_PAIRS // self.width**2
        while at < len(count):
            done = ends[at] - count[at]
            stop = max(at + 1, int(np.searchsorted(ends, done + chunk, side="right")))
            part = count[at:stop]
            # Where each one's partners begin, less how many pairs of the chunk come before them.
            shift = np.repeat(begin[at:stop] - (ends[at:stop] - part - done), part)
            yield np.repeat(upward[at:stop], part), shift + np.arange(len(shift))
            at = stop

    def near(self, left: Indices, right: Indices, flips: np.uint64) -> tuple[Indices, Indices]:
        """Rows of the keys in pairs of tiles that are within the radius once `flips` are made."""
        one, other = self._columns.take(left, axis=1) ^ flips, self._columns.take(right, axis=1)
        near = np.bitwise_count(one[:, None] ^ other[None]) <= BLOCK_RADIUS_BITS
        place, partner, pair = np.unravel_index(np.flatnonzero(near), near.shape)
        left, right = self._rows[left[pair], place], self._rows[right[pair], partner]
        real = (left >= 0) & (right >= 0) & (left != right)
        return left[real], right[real]
