"""Decode once: what we know of a picture's bytes when they enter the store."""

import hashlib
from dataclasses import dataclass

from wreck_core import images
from wreck_core.errors import ImageRejectedError, WreckError
from wreck_core.image_header import read_header, sniff_format
from wreck_core.phash import HASH_VERSION, of_grey


@dataclass(frozen=True)
class Picture:
    """Facts of one accepted picture, upright; brightness 0-255; hashes of 32 bytes."""

    sha256: str
    size_bytes: int
    format: str
    width: int
    height: int
    brightness: float
    sharpness: float
    phash: bytes
    phash_square: bytes
    hash_version: int = HASH_VERSION


def examine(data: bytes, *, max_pixels: int, min_side_px: int) -> Picture:
    """Decode and measure.

    Raises ImageRejectedError with status `not_image`, `too_many_pixels`, `too_small` or `decode_failed`.
    """
    header = read_header(data)
    if min(header.width, header.height) < min_side_px:
        raise ImageRejectedError("too_small", f"is {header.width} x {header.height} pixels")
    try:
        return _measure(data, header.format, max_pixels)
    except WreckError:
        raise
    except Exception as error:  # a picture is never a dead run
        raise ImageRejectedError("decode_failed", f"cannot be measured ({type(error).__name__})") from error


def _measure(data: bytes, name: str, max_pixels: int) -> Picture:
    grey = images.decode_grey(data, max_pixels=max_pixels)
    height, width = grey.shape
    full, square = of_grey(grey)
    return Picture(
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        format=name,
        width=width,
        height=height,
        brightness=round(images.brightness(grey), 3),
        sharpness=round(images.sharpness(grey), 3),
        phash=full,
        phash_square=square,
    )


def judge_magic(head: bytes) -> None:
    """Raise ImageRejectedError `not_image` when the first bytes are of no picture that we take."""
    if sniff_format(head) is None:
        raise ImageRejectedError("not_image", "is none of JPEG, PNG, WebP, GIF, BMP")
