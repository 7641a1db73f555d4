import drawn
import numpy as np
import pandas as pd
import pytest

from wreck_core import images
from wreck_core.errors import InputError
from wreck_core.training import pictures

CLASSES = ["damaged", "undamaged"]


def test_the_box_is_in_fractions_of_the_picture():
    image = np.arange(40 * 80 * 3, dtype=np.uint8).reshape(40, 80, 3)
    np.testing.assert_array_equal(pictures.crop(image, (0.25, 0.5, 0.5, 0.5)), image[20:40, 20:60])
    assert pictures.crop(image, None) is image
    assert pictures.crop(image, (1.0, 1.0, 0.0, 0.0)).shape == (1, 1, 3)


def test_samples_carry_their_class_number_and_their_box(layout):
    drawn.fill(layout, per_class=4)
    manifest = pd.read_parquet(layout.manifest)
    manifest.loc[2, ["x", "y", "w", "h"]] = [0.1, 0.2, 0.3, 0.4]
    manifest.to_parquet(layout.manifest)
    samples = pictures.read_samples(layout, CLASSES)
    assert [CLASSES[target] for target in samples["target"]] == manifest["label"].tolist()
    assert samples["box"].tolist() == [None, None, (0.1, 0.2, 0.3, 0.4)] + [None] * 5


def test_without_a_dataset_the_error_says_which_command_comes_first(layout):
    with pytest.raises(InputError, match="no dataset yet") as raised:
        pictures.read_samples(layout, CLASSES)
    assert "wreck dataset" in raised.value.fix


def test_a_label_that_is_no_class_is_refused(layout):
    drawn.fill(layout, per_class=4, classes=("damaged", "worn"))
    with pytest.raises(InputError, match="worn is none of damaged, undamaged"):
        pictures.read_samples(layout, CLASSES)


def test_a_picture_that_is_gone_or_broken_is_named(layout):
    drawn.fill(layout, per_class=2)
    samples = pictures.read_samples(layout, CLASSES)
    squares = pictures.load_squares(layout.root, samples, 24)
    assert squares.shape == (4, 24, 24, 3)
    np.testing.assert_array_equal(
        squares[1], images.resize(images.load(layout.root / samples["path"][1]), 24, 24)
    )
    (layout.root / samples["path"][1]).write_bytes(b"not a picture")
    with pytest.raises(InputError) as raised:
        pictures.load_squares(layout.root, samples, 24)
    assert raised.value.where == samples["path"][1]
    (layout.root / samples["path"][1]).unlink()
    with pytest.raises(InputError, match=r".png") as raised:
        pictures.load_squares(layout.root, samples, 24)
