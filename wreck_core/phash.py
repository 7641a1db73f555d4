"""Perceptual hashes: 256 bits of what a picture looks like, shared by the fetch path and dedup.

A picture has two: of its full frame and of its centre square. Two pictures look the same when
either pair of hashes differs in few bits. A hash of zeros means "no hash": the picture is too flat
to tell it from another, so only its bytes or pixels can match.

Reference: Zauner, "Implementation and benchmarking of perceptual image hash functions" (2010).
"""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wreck_core import images
from wreck_core.images import Image

# Stored beside every hash. Raise it with any change below that changes a bit.
# 2: cosines over the picture's own pixels; 1 shrank it twice to 64 x 64 before.
HASH_VERSION = 2

HASH_BYTES = 32
NO_HASH = bytes(HASH_BYTES)

# A JPEG may be decoded at a fraction of its size for its hash, while its shorter side keeps this much.
ENOUGH_PX = 150

_SIDE = 16  # the lowest 16 x 16 frequencies
_MIDDLE = _SIDE * _SIDE // 2
_SHRUNK_PX = 64  # the shorter side is halved while it stays as long
_MIN_CONTRAST = 2.0  # grey levels of standard deviation; below is paper, sky or JPEG noise
_MIN_BITS = 32  # a photo sets 128 of 256; a plain gradient or a stripe pattern only a few

Hashes = NDArray[np.uint8]
Frequencies = NDArray[np.float64]

_ODD_COLUMNS = np.packbits(np.tile(np.arange(_SIDE) % 2 == 1, _SIDE))


def of_grey(grey: Image) -> tuple[bytes, bytes]:
    """Hash one luma picture uint8 (H, W): 32 bytes of the full frame, 32 of the centre square."""
    full, square = of_greys([grey])
    return full[0].tobytes(), square[0].tobytes()


def of_greys(greys: Iterable[Image]) -> tuple[Hashes, Hashes]:
    """Hash luma pictures uint8 (H, W): two arrays uint8 (N, 32), full frames and centre squares.

    The pictures are taken one by one, so a generator never holds more than one of them.
    """
    pairs = np.array([_frequencies(grey) for grey in greys]).reshape(-1, _SIDE * _SIDE)
    hashes = _bits(pairs)
    return hashes[0::2], hashes[1::2]


def of_files(paths: Iterable[Path]) -> list[tuple[bytes, bytes]]:
    """Hash picture files, as many at once as there are processors: `of_grey` of each.

    Raises StorageError or ImageRejectedError for a file that cannot be read.
    """
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        return list(workers.map(lambda path: of_grey(images.load_grey(path)), paths))


def _frequencies(grey: Image) -> Frequencies:
    """Give the lowest frequencies of the full frame and of its centre square: (2, 16, 16), in grey levels.

    Both share the sums along the shorter side, which are most of the work.
    """
    if min(grey.shape) < _SIDE:  # too small to have as many
        return np.zeros((2, _SIDE, _SIDE))
    while min(grey.shape) >= 2 * _SHRUNK_PX:
        grey = images.halve(grey)
    upright = grey.shape[0] > grey.shape[1]
    wide = grey.T if upright else grey
    short, long = wide.shape
    start = (long - short) // 2
    rows = _cosines(short) @ wide.astype(np.float64)
    both = np.stack([rows @ _cosines(long).T, rows[:, start : start + short] @ _cosines(short).T])
    return both.transpose(0, 2, 1) if upright else both


@lru_cache(512)
def _cosines(points: int) -> Frequencies:
    """Rows 0-15 of the DCT-II of so many points, of unit variance each: (16, points)."""
    frequency, place = np.arange(_SIDE)[:, None], np.arange(points)[None]
    rows: Frequencies = np.cos(np.pi * (2 * place + 1) * frequency / (2 * points)) / points
    rows[1:] *= np.sqrt(2)
    return rows


def _bits(frequencies: Frequencies) -> Hashes:
    """Turn frequencies (N, 256) into one bit each, set when above the median: uint8 (N, 32)."""
    # Frequencies that a drawn picture does not have are rounding noise, which must not set bits.
    frequencies = frequencies.round(5)
    middle = np.partition(frequencies, (_MIDDLE - 1, _MIDDLE), axis=1)[:, _MIDDLE - 1 : _MIDDLE + 1]
    bits = frequencies > middle.mean(axis=1, keepdims=True)
    contrast = np.sqrt((frequencies[:, 1:] ** 2).sum(axis=1))
    flat = (contrast < _MIN_CONTRAST) | (bits.sum(axis=1) < _MIN_BITS)
    return np.packbits(bits & ~flat[:, None], axis=1)


def mirrored(hashes: Hashes) -> Hashes:
    """Hashes of the same pictures seen in a mirror, a few bits off: uint8 (N, 32).

    A mirror negates the odd horizontal frequencies, and a photo's median frequency is nearly zero.
    """
    seen = hashes.any(axis=1, keepdims=True)
    return np.where(seen, hashes ^ _ODD_COLUMNS, hashes)
