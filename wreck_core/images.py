"""The OpenCV door: the only place where bytes become pixels, and pixels become bytes.

Every picture in the project is RGB uint8 (H, W, 3), 0-255, upright (EXIF applied), decoded and
resized here and nowhere else, because decoders and resize filters differ in the pixels.
"""

import os
import struct
from collections.abc import Callable
from pathlib import Path

PIXEL_CAP = 40_000_000
# OpenCV reads this once, when it is imported; set later it is silently ignored, and a JPEG of a
# hundred bytes that claims 650 megapixels then holds the decoder for 15 s and 5.6 GB.
os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(PIXEL_CAP)
# What is wrong with a picture is told once, as its status; OpenCV would write a line of its own to stderr.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")

import cv2  # noqa: E402 - after the pixel cap, see above
import numpy as np  # noqa: E402 - stays beside cv2
from numpy.typing import NDArray  # noqa: E402 - stays beside cv2

from wreck_core.errors import ImageRejectedError, StorageError  # noqa: E402 - after the pixel cap
from wreck_core.image_header import Header, read_header  # noqa: E402 - after the pixel cap

# Pictures are worked on beside each other; to split one of them over threads costs more than it gains.
cv2.setNumThreads(1)

Image = NDArray[np.uint8]


def decode(data: bytes, *, max_pixels: int = PIXEL_CAP, enough_px: int | None = None) -> Image:
    """Decode bytes to upright RGB uint8 (H, W, 3).

    A JPEG is decoded to a half, quarter or eighth of its size as long as its shorter side keeps
    `enough_px`; None: to its whole size. Raises ImageRejectedError with status `not_image`,
    `too_many_pixels` or `decode_failed`. The size is read from the header first, so a bomb is refused
    before a pixel is decoded.
    """
    header = read_header(data)
    _refuse_bomb(header, max_pixels)
    return _decode(data, cv2.IMREAD_COLOR_RGB | _reduction(header, enough_px))


def decode_grey(data: bytes, *, max_pixels: int = PIXEL_CAP, enough_px: int | None = None) -> Image:
    """Decode bytes to upright luma uint8 (H, W), without the colours first: half the time of a JPEG.

    `enough_px` is that of `decode`. Raises ImageRejectedError as `decode` does.
    """
    header = read_header(data)
    _refuse_bomb(header, max_pixels)
    return _decode(data, cv2.IMREAD_GRAYSCALE | _reduction(header, enough_px))


def _reduction(header: Header, enough_px: int | None) -> int:
    """Give OpenCV's flag for the smallest decode that is large enough; 0 for the whole size."""
    if enough_px is None or header.format != "jpeg":
        return 0
    times = min(header.width, header.height) // enough_px
    return next((flag for least, flag in _REDUCED.items() if times >= least), 0)


# The grey flags: IMREAD_COLOR_RGB beside them brings the colours, as the coloured ones are BGR.
_REDUCED = {
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
}


def _refuse_bomb(header: Header, max_pixels: int) -> None:
    if header.width * header.height > max_pixels:
        raise ImageRejectedError(
            "too_many_pixels", f"claims {header.width} x {header.height} pixels, more than {max_pixels}"
        )


def _decode(data: bytes, flags: int) -> Image:
    """Let OpenCV decode; it applies the EXIF orientation."""
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise ImageRejectedError("decode_failed", f"OpenCV refused it: {error.err}") from None
    if image is None:
        raise ImageRejectedError("decode_failed", "is truncated or damaged")
    return np.asarray(image, np.uint8)


def load(path: Path, *, max_pixels: int = PIXEL_CAP, enough_px: int | None = None) -> Image:
    """Read and decode a file to upright RGB uint8 (H, W, 3); `enough_px` is that of `decode`.

    Raises ImageRejectedError as `decode` does, StorageError when the file cannot be read.
    """
    return _load(path, lambda data: decode(data, max_pixels=max_pixels, enough_px=enough_px))


def load_grey(path: Path) -> Image:
    """Read and decode a file to upright luma uint8 (H, W). Raises as `load` does."""
    return _load(path, decode_grey)


def _load(path: Path, decoder: Callable[[bytes], Image]) -> Image:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StorageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    try:
        return decoder(data)
    except ImageRejectedError as rejected:
        raise ImageRejectedError(rejected.status, rejected.what, where=str(path)) from None


def resize(image: Image, width: int, height: int) -> Image:
    """Resize to exactly width x height; area filter when shrinking, cubic when growing."""
    shrinks = width * height < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), np.uint8)


def fit_within(image: Image, side_px: int) -> Image:
    """Shrink so that the longer side is at most `side_px`; a smaller picture is returned as it is."""
    height, width = image.shape[:2]
    scale = side_px / max(height, width)
    if scale >= 1:
        return image
    return resize(image, max(1, round(width * scale)), max(1, round(height * scale)))


def halve(image: Image) -> Image:
    """Average 2 x 2 pixels; an odd last row or column is left away. Far faster than any other `resize`."""
    height, width = image.shape[0] // 2, image.shape[1] // 2
    even = image[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def blur(image: Image, sigma_px: float) -> Image:
    """Gaussian blur, for thumbnails that must not show details."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.uint8)


def encode(image: Image, extension: str, *, quality: int = 90) -> bytes:
    """Encode RGB uint8 (H, W, 3) as `jpg`, `webp` (quality 1-100) or `png` (lossless).

    Raises StorageError when OpenCV cannot encode it.
    """
    flags = {
        "jpg": [cv2.IMWRITE_JPEG_QUALITY, quality],
        "webp": [cv2.IMWRITE_WEBP_QUALITY, quality],
        "png": [],
    }[extension]
    done, data = cv2.imencode(f".{extension}", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), flags)
    if not done:
        raise StorageError(f"OpenCV could not encode a picture of shape {image.shape} as {extension}")
    return data.tobytes()


def grey(image: Image) -> Image:
    """Luma of an RGB picture: uint8 (H, W)."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def find_part(grey_image: Image, part: Image) -> float:
    """Correlate a part uint8 (h, w) with the place in a picture (H, W) that it fits best: -1 to 1.

    The part must not be larger than the picture; both are of one scale.
    """
    return float(cv2.matchTemplate(grey_image, part, cv2.TM_CCOEFF_NORMED).max())


def brightness(grey_image: Image) -> float:
    """Mean luma, 0-255."""
    return float(cv2.mean(grey_image)[0])


def sharpness(grey_image: Image) -> float:
    """Variance of the Laplacian of the picture at most 512 px wide: 0 is flat, above 100 is crisp.

    Reference: Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy" (ICPR 2000).
    """
    # 16 bits hold it exactly, and both sums are whole numbers, so no digit is lost in their difference,
    # and OpenCV has them far sooner than meanStdDev. The squares come by way of a root, hence round.
    edges = cv2.Laplacian(fit_within(grey_image, 512), cv2.CV_16S)
    total, squares = round(cv2.sumElems(edges)[0]), round(cv2.norm(edges, cv2.NORM_L2SQR))
    return (edges.size * squares - total**2) / edges.size**2


def pixel_cap_in_force() -> bool:
    """Prove that OpenCV itself refuses a picture over the cap (its own check, not our header's)."""
    # A BMP header claiming 40,001 x 1,000 pixels and no pixel data.
    bomb = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54, 0, 0, 54, 40, 40_001, 1_000, 1, 24, 0, 0, 0, 0, 0, 0)
    try:
        cv2.imdecode(np.frombuffer(bomb, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        return "PIXELS" in str(error).upper()
    return False


def opencv_build() -> dict[str, str]:
    """Version and user-interface framework ('' for a headless build) of OpenCV."""
    return {"version": cv2.__version__, "ui": str(cv2.currentUIFramework())}
