"""Perceptual hashes: 256 bits of what a picture looks like, shared by the fetch path and dedup.

A picture has two: of its full frame and of its centre square. Two pictures look the same when
either pair of hashes differs in few bits. A hash of zeros means "no hash": the picture is too flat
to tell it from another, so only its bytes or pixels can match.

Reference: Zauner, "Implementation and benchmarking of perceptual image hash functions" (2010).
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from wreck_core import images
from wreck_core.images import Image

# Stored beside every hash. Raise it with any change below that changes a bit.
HASH_VERSION = 1

HASH_BYTES = 32
NO_HASH = bytes(HASH_BYTES)

_THUMB_PX = 64
_SIDE = 16  # the lowest 16 x 16 frequencies
_MIN_CONTRAST = 2.0  # grey levels of standard deviation; below is paper, sky or JPEG noise
_MIN_BITS = 32  # a photo sets 128 of 256; a plain gradient or a stripe pattern only a few

Hashes = NDArray[np.uint8]


def _cosines() -> NDArray[np.float64]:
    """Rows 0-15 of the orthonormal DCT-II of 64 points: (16, 64)."""
    frequency, place = np.arange(_SIDE)[:, None], np.arange(_THUMB_PX)[None]
    rows: NDArray[np.float64] = np.sqrt(2 / _THUMB_PX) * np.cos(
        np.pi * (2 * place + 1) * frequency / (2 * _THUMB_PX)
    )
    rows[0] /= np.sqrt(2)
    return rows


_COSINES = _cosines()
_ODD_COLUMNS = np.packbits(np.tile(np.arange(_SIDE) % 2 == 1, _SIDE))


def of_image(rgb: Image) -> tuple[bytes, bytes]:
    """Hash one RGB picture uint8 (H, W, 3): 32 bytes of the full frame, 32 of the centre square."""
    full, square = of_images([rgb])
    return full[0].tobytes(), square[0].tobytes()


def of_images(pictures: Iterable[Image]) -> tuple[Hashes, Hashes]:
    """Hash RGB pictures uint8 (H, W, 3): two arrays uint8 (N, 32), full frames and centre squares.

    The pictures are taken one by one, so a generator never holds more than one of them.
    """
    thumbs = [thumb for rgb in pictures for thumb in _thumbs(rgb)]
    hashes = _of_thumbs(np.array(thumbs, np.float64).reshape(-1, _THUMB_PX, _THUMB_PX))
    return hashes[0::2], hashes[1::2]


def of_greys(greys: Iterable[Image]) -> Hashes:
    """Hash the full frames of luma pictures uint8 (H, W): uint8 (N, 32)."""
    thumbs = [images.resize(grey, _THUMB_PX, _THUMB_PX) for grey in greys]
    return _of_thumbs(np.array(thumbs, np.float64).reshape(-1, _THUMB_PX, _THUMB_PX))


def _thumbs(rgb: Image) -> tuple[Image, Image]:
    """Shrink the luma of the full frame and of the centre square to uint8 (64, 64) each."""
    grey = images.grey(rgb)
    height, width = grey.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = grey[top : top + side, left : left + side]
    return images.resize(grey, _THUMB_PX, _THUMB_PX), images.resize(square, _THUMB_PX, _THUMB_PX)


def _of_thumbs(thumbs: NDArray[np.float64]) -> Hashes:
    """Hash thumbs (N, 64, 64), 0-255: one bit per frequency, set when above the median. uint8 (N, 32)."""
    frequencies = (_COSINES @ thumbs @ _COSINES.T).reshape(len(thumbs), _SIDE * _SIDE)
    # Frequencies that a drawn picture does not have are rounding noise, which must not set bits.
    frequencies = frequencies.round(3)
    bits = frequencies > np.median(frequencies, axis=1, keepdims=True)
    flat = (thumbs.std(axis=(1, 2)) < _MIN_CONTRAST) | (bits.sum(axis=1) < _MIN_BITS)
    return np.packbits(bits & ~flat[:, None], axis=1)


def mirrored(hashes: Hashes) -> Hashes:
    """Hashes of the same pictures seen in a mirror, a few bits off: uint8 (N, 32).

    A mirror negates the odd horizontal frequencies, and a photo's median frequency is nearly zero.
    """
    seen = hashes.any(axis=1, keepdims=True)
    return np.where(seen, hashes ^ _ODD_COLUMNS, hashes)
