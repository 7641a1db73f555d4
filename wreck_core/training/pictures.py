"""From the manifest to square pictures: decoded, cropped and resized once, through the OpenCV door."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core import files, images
from wreck_core.errors import ImageRejectedError, InputError, StorageError
from wreck_core.layout import Layout

# x, y, width, height as fractions of the upright picture, from its top left corner.
Box = tuple[float, float, float, float]
BOX_COLUMNS = ["x", "y", "w", "h"]


def read_samples(layout: Layout, classes: Sequence[str]) -> pd.DataFrame:
    """Read the manifest with two more columns: `target` (index into `classes`) and `box` (Box or None).

    Raises InputError when there is no manifest, or it holds a label that is no class.
    """
    if not layout.manifest.exists():
        raise InputError("there is no dataset yet", where=str(layout.manifest), fix="run `wreck dataset`")
    samples = files.read_table(layout.manifest).sort_values("sha256", ignore_index=True)
    strange = sorted(set(samples["label"]) - set(classes))
    if strange:
        raise InputError(
            f"the label {strange[0]} is none of {', '.join(classes)}",
            where=str(layout.manifest),
            fix="run `wreck dataset` again",
        )
    samples["target"] = [classes.index(label) for label in samples["label"]]
    boxes = [_box(row) for row in samples[BOX_COLUMNS].itertuples(index=False)]
    samples["box"] = pd.Series(boxes, samples.index, dtype=object)
    return samples


def _box(row: Sequence[Any]) -> Box | None:
    x, y, width, height = (float("nan") if value is None or value is pd.NA else float(value) for value in row)
    return None if np.isnan(x + y + width + height) else (x, y, width, height)


def crop(image: images.Image, box: Box | None) -> images.Image:
    """Cut the box out of a picture; without one, the picture is returned as it is."""
    if box is None:
        return image
    height, width = image.shape[:2]
    left, top = min(int(box[0] * width), width - 1), min(int(box[1] * height), height - 1)
    right = max(left + 1, round((box[0] + box[2]) * width))
    bottom = max(top + 1, round((box[1] + box[3]) * height))
    return image[top:bottom, left:right]


def load_cropped(root: Path, samples: pd.DataFrame) -> Iterator[images.Image]:
    """Load pictures one by one as RGB uint8 (H, W, 3), 0-255, cut to their boxes.

    Raises InputError naming the first file that is missing or no picture.
    """
    for path, box in zip(samples["path"], samples["box"], strict=True):
        try:
            yield crop(images.load(root / path), box)
        except (ImageRejectedError, StorageError) as error:
            raise InputError(
                error.what,
                where=str(path),
                fix="run `dvc checkout`, or fetch and label it again",
            ) from None


def load_squares(root: Path, samples: pd.DataFrame, side_px: int) -> NDArray[np.uint8]:
    """Load pictures as RGB uint8 (N, side_px, side_px, 3), 0-255, cut to their boxes; aspect is not kept.

    Raises InputError as `load_cropped` does.
    """
    squares = np.empty((len(samples), side_px, side_px, 3), np.uint8)
    for at, picture in enumerate(load_cropped(root, samples)):
        squares[at] = images.resize(picture, side_px, side_px)
    return squares
