import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wreck_core import images, phash
from wreck_core.sample.draw import draw_car


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), damaged=st.booleans())
def test_every_seed_gives_a_photo_of_a_usable_size(seed: int, damaged: bool) -> None:
    picture = draw_car(seed, damaged)
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    assert 320 <= max(picture.shape) <= 800
    assert 20 < picture.mean() < 235
    assert picture.std() > 10


@pytest.mark.parametrize("damaged", [True, False])
def test_the_same_seed_gives_the_same_pixels(damaged: bool) -> None:
    assert np.array_equal(draw_car(7, damaged), draw_car(7, damaged))


def test_photos_of_different_cars_are_no_near_duplicates() -> None:
    threshold_bits = 72
    cars = [images.grey(draw_car(seed, damaged=seed % 2 == 0)) for seed in range(8)]
    hashes = np.unpackbits(phash.of_greys(cars)[0], axis=1)
    distances = [int((a != b).sum()) for at, a in enumerate(hashes) for b in hashes[:at]]
    assert min(distances) > threshold_bits


def test_a_photo_survives_its_encoding_as_the_same_picture() -> None:
    picture = draw_car(1, damaged=False)
    again = images.decode(images.encode(picture, "jpg", quality=90))
    assert again.shape == picture.shape
    assert np.abs(again.astype(int) - picture).mean() < 8
