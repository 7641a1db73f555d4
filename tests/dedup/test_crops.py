"""Parts of pictures, cut out and saved again, which hashes of whole frames do not find."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wreck_core import images, phash
from wreck_core.dedup import crops, search
from wreck_core.images import Image
from wreck_core.params import Params


def photo(seed: int) -> Image:
    cells = np.random.default_rng(seed).integers(0, 256, (15, 20, 3)).astype(np.uint8)
    return images.resize(cells, 320, 240)


def cut(picture: Image, fraction: float, top: float, left: float) -> Image:
    """Take `fraction` off each side length; `top` and `left` say how much of it goes there, 0-1."""
    height, width = (round(side * (1 - fraction)) for side in picture.shape[:2])
    y, x = round((picture.shape[0] - height) * top), round((picture.shape[1] - width) * left)
    return np.ascontiguousarray(picture[y : y + height, x : x + width])


def store(folder: Path, pictures: list[Image]) -> pd.DataFrame:
    names = [f"{number}.jpg" for number in range(len(pictures))]
    for name, picture in zip(names, pictures, strict=True):
        (folder / name).write_bytes(images.encode(picture, "jpg", quality=85))
    return pd.DataFrame({"path": names})


@pytest.mark.parametrize(("fraction", "top", "left"), [(0.1, 0.5, 0.5), (0.2, 0.5, 0.5), (0.2, 1, 0)])
def test_a_part_is_found_either_way_round(
    tmp_path: Path, params: Params, fraction: float, top: float, left: float
) -> None:
    part = cut(photo(1), fraction, top, left)
    full, square = phash.of_greys(map(images.grey, [photo(1), part]))
    assert search.near_pairs(full, square, params.dedup.threshold_bits).empty  # hashes are blind
    for order in ([photo(1), photo(2), part], [part, photo(2), photo(1)]):
        found = crops.find(store(tmp_path, order), tmp_path, params.dedup.review_bits)
        assert found.to_numpy().tolist() == [[0, 2]]


def test_no_pictures_have_no_parts(tmp_path: Path, params: Params) -> None:
    assert crops.find(store(tmp_path, []), tmp_path, params.dedup.review_bits).empty


def test_flat_pictures_are_parts_of_nothing(tmp_path: Path, params: Params) -> None:
    flat = [np.full((90, 90, 3), value, np.uint8) for value in (0, 128, 255)]
    assert crops.find(store(tmp_path, flat), tmp_path, params.dedup.review_bits).empty


def test_parts_of_photos_are_found_and_nothing_else(
    tmp_path: Path, params: Params, reference_photos: Path
) -> None:
    paths = sorted(path for path in reference_photos.rglob("*") if path.is_file())[7::20]
    photos = [images.fit_within(images.load(path), 400) for path in paths]
    where = np.random.default_rng(0).random((len(photos), 2))
    parts = [cut(picture, 0.1, *place) for picture, place in zip(photos, where, strict=True)]
    found = crops.find(store(tmp_path, [*photos, *parts]), tmp_path, params.dedup.review_bits)
    assert len(found) >= 0.8 * len(photos)
    assert (found.right - found.left == len(photos)).all(), "different photos were taken for parts"
