"""The OpenCV door: what comes in is a picture or a status, and the pixel cap holds."""

import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wreck_core import images
from wreck_core.errors import ImageRejectedError, StorageError
from wreck_core.image_header import EXTENSIONS, read_header


def picture(height: int = 60, width: int = 90) -> images.Image:
    """A picture whose left half is red and whose right half is blue."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2] = (200, 30, 20)
    image[:, width // 2 :] = (10, 40, 220)
    return image


def png_claiming(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    tiff = (
        b"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00"
        + bytes([orientation])
        + b"\x00" * 7
    )
    app1 = b"Exif\x00\x00" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(app1) + 2) + app1 + jpeg[2:]


@pytest.mark.parametrize("extension", ["jpg", "png", "webp"])
def test_a_picture_survives_encoding_as_rgb(extension: str) -> None:
    image = picture()
    data = images.encode(image, extension, quality=95)
    header = read_header(data)
    decoded = images.decode(data)
    assert (EXTENSIONS[header.format], header.width, header.height) == (extension, 90, 60)
    assert decoded.dtype == np.uint8
    assert np.abs(decoded[30, 10].astype(int) - image[30, 10]).max() < 12  # red stays red, not blue


def test_exif_orientation_is_applied_once() -> None:
    turned = images.decode(with_orientation(images.encode(picture(), "jpg", quality=95), 6))
    assert turned.shape == (90, 60, 3)
    assert turned[10, 30, 0] > 150  # the red left half is now on top
    assert turned[80, 30, 2] > 150


def test_the_pixel_cap_is_in_force_in_opencv_itself() -> None:
    assert images.pixel_cap_in_force()


def test_the_self_test_fails_when_the_cap_came_after_the_import() -> None:
    code = "import cv2; from wreck_core import images; raise SystemExit(images.pixel_cap_in_force())"
    inherited = {key: value for key, value in os.environ.items() if key != "OPENCV_IO_MAX_IMAGE_PIXELS"}
    assert subprocess.run([sys.executable, "-c", code], env=inherited, check=False).returncode == 0


def test_a_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(ImageRejectedError, match="50000 x 50000") as caught:
        images.decode(png_claiming(50_000, 50_000))
    assert caught.value.status == "too_many_pixels"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", "not_image"),
        (b"<html>not found</html>", "not_image"),
        (b"\xff\xd8\xff", "decode_failed"),
        (b"\xff\xd8\xff\xe0\x00\x02\xff\xd9", "decode_failed"),
        (png_claiming(0, 7), "decode_failed"),
        (png_claiming(10, 10), "decode_failed"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "decode_failed"),
    ],
)
def test_what_is_no_picture_has_a_status(data: bytes, status: str) -> None:
    with pytest.raises(ImageRejectedError) as caught:
        images.decode(data)
    assert caught.value.status == status


def test_opencv_writes_no_lines_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    # A GIF of 64 x 64 pixels, and a frame on it that is larger.
    head = b"GIF89a" + struct.pack("<HHBBB", 64, 64, 0x80, 0, 0) + bytes(6)
    frame = struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0)
    with pytest.raises(ImageRejectedError):
        images.decode(head + b"," + frame + b"\x02\x02\x4c\x01\0;")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "decode", [images.decode, images.decode_grey, partial(images.decode_grey, enough_px=50)]
)
def test_every_truncated_jpeg_is_refused(decode: Callable[[bytes], images.Image]) -> None:
    whole = images.encode(picture(200, 300), "jpg")
    for cut in range(2, len(whole) - 2, max(1, len(whole) // 40)):
        with pytest.raises(ImageRejectedError):
            decode(whole[:cut])


@pytest.mark.parametrize("extension", ["jpg", "png", "webp"])
def test_luma_needs_no_colours(extension: str) -> None:
    data = images.encode(picture(), extension)
    luma = images.decode_grey(data).astype(int)
    assert np.abs(luma - images.grey(images.decode(data))).max() <= 3


def test_luma_is_upright_at_any_size() -> None:
    turned = with_orientation(images.encode(picture(200, 300), "jpg", quality=95), 6)
    assert images.decode_grey(turned).shape == (300, 200)
    assert images.decode_grey(turned, enough_px=50).shape == (75, 50)
    assert images.decode_grey(turned, enough_px=51).shape == (150, 100)


def test_a_reduced_decode_keeps_the_colours_in_their_order():
    red = np.zeros((200, 120, 3), np.uint8)
    red[..., 0] = 250
    small = images.decode(images.encode(red, "jpg"), enough_px=30)
    assert small.shape == (50, 30, 3)
    assert small[25, 15, 0] > 200
    assert small[25, 15, 1:].max() < 50


@settings(max_examples=200)
@given(
    st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF....WEBP", b"GIF89a", b"BM"]),
    st.binary(max_size=80),
)
def test_any_bytes_are_a_picture_or_rejected(magic: bytes, rest: bytes) -> None:
    try:
        assert images.decode(magic + rest, max_pixels=1_000_000).shape[2] == 3
    except ImageRejectedError as rejected:
        assert rejected.status in ("not_image", "too_many_pixels", "decode_failed")


def test_a_missing_file_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        images.load(tmp_path / "none.jpg")


def test_a_small_picture_is_never_enlarged_by_fit_within() -> None:
    image = picture()
    assert images.fit_within(image, 500) is image
    assert images.fit_within(image, 45).shape == (30, 45, 3)


@pytest.mark.parametrize("side_px", [512, 60])
def test_sharpness_is_the_variance_of_the_laplacian_to_the_last_digit(side_px: int) -> None:
    extreme = np.random.default_rng(0).integers(0, 2, (side_px, side_px), np.uint8) * np.uint8(255)
    for grey in (extreme, images.grey(picture()), np.full((50, 60), 7, np.uint8)):
        padded = np.pad(grey.astype(int), 1, mode="reflect")
        around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
        laplacian = around - 4 * padded[1:-1, 1:-1]
        assert images.sharpness(grey) == pytest.approx(float(laplacian.var()), rel=1e-12)


def test_sharpness_falls_when_a_picture_is_blurred() -> None:
    image = picture()
    sharp, soft = images.grey(image), images.grey(images.blur(image, 3.0))
    assert images.sharpness(soft) < images.sharpness(sharp)
    assert images.brightness(sharp) == pytest.approx(images.brightness(soft), abs=3)
