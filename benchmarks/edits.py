"""What people do to pictures before they post them again. Every edit takes and gives RGB uint8 (H, W, 3)."""

from collections.abc import Callable

import cv2
import numpy as np

from wreck_core import images
from wreck_core.images import Image

Edit = Callable[[Image], Image]


def resaved(quality: int) -> Edit:
    """Save as JPEG of a quality."""
    return lambda picture: images.decode(images.encode(picture, "jpg", quality=quality))


def scaled(factor: float) -> Edit:
    """Resize both sides."""
    return lambda picture: images.resize(
        picture, round(picture.shape[1] * factor), round(picture.shape[0] * factor)
    )


def levels(gain: float, lift: float) -> Edit:
    """Change contrast around mid-grey, then brightness in grey levels."""
    return lambda picture: np.clip((picture - 128.0) * gain + 128 + lift, 0, 255).astype(np.uint8)


def cut_at(picture: Image, fraction: float, top: float, left: float) -> Image:
    """Take a fraction off each side length; `top` and `left` say how much of it goes there, 0-1."""
    height, width = (round(side * (1 - fraction)) for side in picture.shape[:2])
    y, x = round((picture.shape[0] - height) * top), round((picture.shape[1] - width) * left)
    return np.ascontiguousarray(picture[y : y + height, x : x + width])


def cut(fraction: float) -> Edit:
    """Take a fraction off each side length, half of it at each end."""
    return lambda picture: cut_at(picture, fraction, 0.5, 0.5)


def turned(degrees: float) -> Edit:
    """Rotate about the centre; the corners are filled with black."""

    def rotate(picture: Image) -> Image:
        height, width = picture.shape[:2]
        move = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        return np.asarray(cv2.warpAffine(picture, move, (width, height)), np.uint8)

    return rotate


def grey(picture: Image) -> Image:
    """Take the colour away."""
    return np.repeat(images.grey(picture)[..., None], 3, axis=2)


def watermarked(picture: Image) -> Image:
    """Write a line of half-transparent text across the lower third."""
    out, (height, width) = picture.copy(), picture.shape[:2]
    place, size = (width // 10, round(height * 0.8)), width / 500
    cv2.putText(out, "example.org photos", place, cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), 2)
    return np.asarray(cv2.addWeighted(picture, 0.4, out, 0.6, 0), np.uint8)


def bordered(picture: Image) -> Image:
    """Put a white frame of 4 % of the width around it."""
    edge = picture.shape[1] // 25
    return np.pad(picture, ((edge, edge), (edge, edge), (0, 0)), constant_values=255)


EDITS: dict[str, Edit] = {
    "resize 50 %": scaled(0.5),
    "resize 150 %": scaled(1.5),
    "thumbnail 128 px": lambda picture: images.fit_within(picture, 128),
    **{f"JPEG {quality}": resaved(quality) for quality in (10, 30, 50, 70, 90)},
    "grey": grey,
    "brightness +40": levels(1, 40),
    "brightness -40": levels(1, -40),
    "contrast 60 %": levels(0.6, 0),
    "contrast 140 %": levels(1.4, 0),
    "watermark": watermarked,
    "crop 5 %": cut(0.05),
    "crop 10 %": cut(0.10),
    "crop 20 %": cut(0.20),
    "rotate 2°": turned(2),
    "rotate 5°": turned(5),
    "border": bordered,
    "mirror": lambda picture: np.ascontiguousarray(picture[:, ::-1]),
}
