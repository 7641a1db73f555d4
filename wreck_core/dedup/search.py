"""Find all pairs of pictures whose perceptual hashes are near, without comparing every pair.

Two hashes are near when their 8 x 8 lowest frequencies differ in at most BLOCK_RADIUS_BITS of 64
(edits leave those alone) and the whole in at most the asked number of 256. The first condition is
the key of the search: by the generalised pigeonhole, two keys within the radius agree in some band
of 16 bits up to a few, so only the buckets around each band value are compared. The result is exact.

Reference: Qin et al., "GPH: Similarity search in Hamming space" (ICDE 2018).
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core.phash import Hashes, mirrored

BLOCK_RADIUS_BITS = 12
NO_DISTANCE = 256  # where one of the two pictures is too flat to have a hash

_BANDS = 4
_BAND_BITS = 16
_CHUNK_PAIRS = 1 << 21

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
    one, other = full[stands], mirrored(full[stands])
    left, right = _join(np.concatenate([one, other]), radius_bits).T
    # The second half are the mirrors; a pair is found from both of its ends.
    right = right - len(one)
    crosses = (left < len(one)) & (left < right)
    left, right = left[crosses], right[crosses]
    distance = distance_bits(one[left], other[right])
    return pd.DataFrame({"left": stands[left], "right": stands[right], "distance": distance})


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


def _join(hashes: Hashes, radius_bits: int) -> Indices:
    """Pairs (P, 2) of rows of `hashes` that are near, each once, left < right."""
    present = np.flatnonzero(hashes.any(axis=1))
    keys, words = _keys(hashes[present]), _words(hashes[present])
    found = [np.empty((0, 2), np.int64)]
    for left, right in _near_keys(keys):
        near = np.bitwise_count(words[left] ^ words[right]).sum(axis=1) <= radius_bits
        found.append(np.column_stack([left[near], right[near]]))
    return present[np.unique(np.sort(np.concatenate(found), axis=1), axis=0)]


def _near_keys(keys: Words) -> Iterator[tuple[Indices, Indices]]:
    """Pairs of rows whose keys are within the radius, in chunks, some more than once."""
    # The allowances plus one add up to the radius plus one: were every band beyond its own, the
    # keys would be beyond the radius.
    spare = BLOCK_RADIUS_BITS + 1 - _BANDS
    for band in range(_BANDS):
        allowance = spare // _BANDS + (band < spare % _BANDS)
        unsorted = (keys >> np.uint64(band * _BAND_BITS)).astype(np.uint16)  # 16 bits: a radix sort
        order = np.argsort(unsorted, kind="stable")
        values, in_order = unsorted[order].astype(np.int64), keys[order]  # neighbours lie side by side
        starts = np.searchsorted(values, np.arange((1 << _BAND_BITS) + 1))
        for flips in range(allowance + 1):
            for places in combinations(range(_BAND_BITS), flips):
                mask = sum(1 << place for place in places)
                for left, right in _neighbours(values, starts, mask):
                    near = np.bitwise_count(in_order[left] ^ in_order[right]) <= BLOCK_RADIUS_BITS
                    yield order[left[near]], order[right[near]]


def _neighbours(values: Indices, starts: Indices, mask: int) -> Iterator[tuple[Indices, Indices]]:
    """Positions of pairs whose sorted band values differ by exactly the bits of `mask`, in chunks."""
    partner = values ^ mask
    begin, end = starts[partner], starts[partner + 1]
    if mask == 0:
        begin = np.arange(1, len(values) + 1)  # the rest of one's own bucket
    upward = np.flatnonzero((partner >= values) & (end > begin))
    begin, count = begin[upward], (end - begin)[upward]
    ends = np.cumsum(count)
    at = 0
    while at < len(count):
        done = ends[at] - count[at]
        stop = max(at + 1, int(np.searchsorted(ends, done + _CHUNK_PAIRS, side="right")))
        part = count[at:stop]
        # Where each one's partners begin, less how many pairs of the chunk come before them.
        shift = np.repeat(begin[at:stop] - (ends[at:stop] - part - done), part)
        yield np.repeat(upward[at:stop], part), shift + np.arange(len(shift))
        at = stop
