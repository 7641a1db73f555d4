"""Views of each picture as activations at a backbone's cut: computed once, read in every epoch.

They lie in a file that is mapped into memory, so their size is bounded by the disk alone.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wreck_core import images
from wreck_core.training import features
from wreck_core.training.head import Ints
from wreck_core.training.pictures import load_cropped
from wreck_core.training.recipe import Task

Activations = NDArray[np.float16]

PLAIN, MIRRORED = 0, 1  # the first two views; the others are drawn by chance
AREA, ASPECT = (0.6, 1.0), 0.15  # of a drawn view: part of the picture, and log of width by height
CONTRAST, BRIGHTNESS = (0.8, 1.2), 0.1


def draw(square: images.Image, picture: images.Image, view: int, sha256: str) -> images.Image:
    """Give one view of a picture, uint8 RGB of the square's shape; the same for a picture for ever.

    `square` is the picture resized; a drawn view is cut out of the picture itself, which has more pixels.
    """
    if view == PLAIN:
        return square
    if view == MIRRORED:
        return np.ascontiguousarray(square[:, ::-1])
    rng = np.random.default_rng((view, int(sha256[:16], 16)))
    height, width = picture.shape[:2]
    side, stretch = np.sqrt(rng.uniform(*AREA)), np.exp(rng.uniform(-ASPECT, ASPECT))
    rows = int(np.clip(round(height * side * stretch), 1, height))
    columns = int(np.clip(round(width * side / stretch), 1, width))
    top, left = rng.integers(0, height - rows + 1), rng.integers(0, width - columns + 1)
    part = images.resize(picture[top : top + rows, left : left + columns], *square.shape[1::-1])
    if rng.random() < 0.5:
        part = part[:, ::-1]
    lit = (part - 127.5) * rng.uniform(*CONTRAST) + 127.5 * (1 + rng.uniform(-BRIGHTNESS, BRIGHTNESS))
    return np.asarray(np.clip(lit, 0, 255).round(), np.uint8)


class Views:
    """`count` views of all samples as float16 (view, row, h, w, C) in one file of a folder.

    A file that was finished before is taken as it is: the folder belongs to one task's inputs.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self.count = count
        self._path = folder / "views.npy"
        self._cached: Activations | None = None

    def fill(self, lower: Any, task: Task) -> None:
        """Compute what is missing; `lower` is a keras.Model from float32 RGB in 0-255 to activations."""
        if not self._path.exists():
            self._compute(lower, task)
        self._cached = np.load(self._path, mmap_mode="r")

    def _compute(self, lower: Any, task: Task) -> None:
        samples, batch, side_px = task.samples, task.params.batch, lower.input_shape[1]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        half = self._path.with_suffix(".half")
        shape = (self.count, len(samples), *lower.output_shape[1:])
        cached = np.lib.format.open_memmap(half, "w+", np.float16, shape)
        forward = features.opened(lower, task, self._path.with_name("lower.tflite"))
        for start in range(0, len(samples), batch):
            part = samples.iloc[start : start + batch]
            pairs = zip(part["sha256"], load_cropped(task.root, part), strict=True)
            squares = np.empty((self.count, batch, side_px, side_px, 3), np.uint8)
            for at, (sha256, picture) in enumerate(pairs):
                square = images.resize(picture, side_px, side_px)
                for view in range(self.count):
                    squares[view, at] = draw(square, picture, view, sha256)
            for view in range(self.count):  # whole batches, as in the feature store
                cached[view, start : start + len(part)] = forward(squares[view])[: len(part)]
            task.progress(start + len(part), len(samples), "activations")
        cached.flush()
        half.replace(self._path)

    def read(self, views: Ints, rows: Ints) -> NDArray[np.float32]:
        """Read float32 (N, h, w, C): of each row one view."""
        if self._cached is None:
            raise RuntimeError("the views were not filled")
        return np.stack([self._cached[at] for at in zip(views, rows, strict=True)]).astype(np.float32)
