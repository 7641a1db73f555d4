"""What the first bytes of a file claim to be: format and size, read without decoding a pixel."""

import struct
from dataclasses import dataclass

from wreck_core.errors import ImageRejectedError

EXTENSIONS = {"jpeg": "jpg", "png": "png", "webp": "webp", "gif": "gif", "bmp": "bmp"}


@dataclass(frozen=True)
class Header:
    """What the first bytes claim: format (a key of EXTENSIONS), width and height in pixels.

    Width and height are as stored, before EXIF orientation.
    """

    format: str
    width: int
    height: int


def sniff_format(head: bytes) -> str | None:
    """Name the format by its magic bytes (16 suffice), or None when it is none that we take."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(b"BM"):
        return "bmp"
    return None


def read_header(data: bytes) -> Header:
    """Parse format and size without decoding.

    Raises ImageRejectedError: `not_image` for other formats, `decode_failed` for a broken header.
    """
    name = sniff_format(data[:16])
    if name is None:
        raise ImageRejectedError("not_image", "is none of JPEG, PNG, WebP, GIF, BMP")
    try:
        width, height = _SIZE_READERS[name](data)
    except (struct.error, IndexError, ValueError):
        raise ImageRejectedError("decode_failed", f"the {name} header is broken") from None
    if width <= 0 or height <= 0:
        raise ImageRejectedError("decode_failed", f"the {name} header claims {width} x {height} pixels")
    return Header(name, width, height)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    while True:
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a start of frame
            height, width = struct.unpack_from(">HH", data, at + 3)
            return width, height
        if marker in (0xD9, 0xDA):  # end of image or start of scan before any frame
            raise ValueError("no frame header")
        at += 0 if 0xD0 <= marker <= 0xD8 or marker == 0x01 else struct.unpack_from(">H", data, at)[0]
        if data[at] != 0xFF:
            raise ValueError("lost the marker chain")


def _png_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _webp_size(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        return width, int.from_bytes(data[27:30], "little") + 1
    if chunk == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _gif_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _bmp_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)


_SIZE_READERS = {
    "jpeg": _jpeg_size,
    "png": _png_size,
    "webp": _webp_size,
    "gif": _gif_size,
    "bmp": _bmp_size,
}
