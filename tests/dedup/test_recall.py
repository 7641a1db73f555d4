"""What people do to pictures, done to real photos: how many are found again at the default threshold."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from wreck_core import images, phash
from wreck_core.dedup import search
from wreck_core.images import Image
from wreck_core.params import Params


def jpeg(picture: Image) -> Image:
    return images.decode(images.encode(picture, "jpg", quality=20))


def grey(picture: Image) -> Image:
    return np.repeat(images.grey(picture)[..., None], 3, axis=2)


def brighter(picture: Image) -> Image:
    return np.clip(picture.astype(np.int16) + 40, 0, 255).astype(np.uint8)


def captioned(picture: Image) -> Image:
    height, width = picture.shape[:2]
    out = picture.copy()
    out[height * 92 // 100 : height * 96 // 100, width // 20 : width * 3 // 10] = 255
    return out


def cropped(picture: Image) -> Image:
    top, left = picture.shape[0] // 40, picture.shape[1] // 40
    return np.ascontiguousarray(picture[top:-top, left:-left])


@pytest.fixture(scope="module")
def photos(reference_photos: Path) -> list[Image]:
    paths = sorted(path for path in reference_photos.rglob("*") if path.is_file())[
        7::20
    ]  # no two of them are the same
    return [images.fit_within(images.load(path), 800) for path in paths]


@pytest.mark.parametrize(
    ("edit", "recall"),
    [
        (lambda picture: images.fit_within(picture, 128), 0.99),
        (jpeg, 0.99),
        (grey, 0.99),
        (brighter, 0.99),
        (captioned, 0.99),
        (cropped, 0.85),
    ],
    ids=["thumbnail", "jpeg", "grey", "brighter", "captioned", "crop_5_percent"],
)
def test_edited_photos_are_found(
    photos: list[Image], params: Params, edit: Callable[[Image], Image], recall: float
) -> None:
    full, square = phash.of_greys(map(images.grey, [*photos, *map(edit, photos)]))
    pairs = search.near_pairs(full, square, params.dedup.threshold_bits)
    found = pairs.right - pairs.left == len(photos)
    assert found.sum() >= recall * len(photos)
    assert found.all(), "different photos were taken for the same"
