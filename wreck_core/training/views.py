"""Views of each picture as activations at a backbone's cut: computed once, read in every epoch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wreck_core import images
from wreck_core.training import features
from wreck_core.training.features import FeatureStore
from wreck_core.training.head import Ints
from wreck_core.training.pictures import load_cropped
from wreck_core.training.recipe import Task

DRAWN = "views1"  # in the name of their stores: another number when `draw` says something else
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
    """`count` views of every sample as float16 activations in a feature store.

    Of a picture whose views are there, none is computed anew: a night computes those of new pictures, and
    a kill costs one batch. They are read from the file batch by batch, so memory does not bound them.
    """

    def __init__(self, store: FeatureStore, task: Task, count: int) -> None:
        self.count = count
        self._store, self._task = store, task
        self._keys = features.keys(task.samples)
        self._shape: tuple[int, ...] = ()

    def fill(self, lower: Any) -> None:
        """Compute what is missing; `lower` is a keras.Model from float32 RGB in 0-255 to activations."""
        self._shape = lower.output_shape[1:]
        last = set(self._store.missing([_key(key, self.count - 1) for key in self._keys]))
        todo = np.flatnonzero([_key(key, self.count - 1) in last for key in self._keys])
        if not todo.size:
            return
        forward = features.opened(lower, self._task, self._store.path.with_suffix(".tflite"))
        batch, side_px = self._task.params.batch, lower.input_shape[1]
        for start in range(0, len(todo), batch):
            rows = todo[start : start + batch]
            squares = self._draw(rows, side_px)
            activations = [  # whole batches, as of features
                forward(np.resize(squares[:, view], (batch, side_px, side_px, 3)))[: len(rows)]
                for view in range(self.count)
            ]
            names = [_key(self._keys[row], view) for view in range(self.count) for row in rows]
            self._store.add(names, np.concatenate(activations))
            self._task.progress(start + len(rows), len(todo), "activations")

    def _draw(self, rows: Ints, side_px: int) -> NDArray[np.uint8]:
        """Give all views of some samples, RGB uint8 (N, view, px, px, 3)."""
        some = self._task.samples.iloc[rows]
        squares = np.empty((len(rows), self.count, side_px, side_px, 3), np.uint8)
        pictures = load_cropped(self._task.root, some)
        for at, (sha256, picture) in enumerate(zip(some["sha256"], pictures, strict=True)):
            square = images.resize(picture, side_px, side_px)
            for view in range(self.count):
                squares[at, view] = draw(square, picture, view, sha256)
        return squares

    def read(self, views: Ints, rows: Ints) -> NDArray[np.float32]:
        """Read float32 (N, h, w, C): of each row one view."""
        names = [_key(self._keys[row], view) for view, row in zip(views, rows, strict=True)]
        return self._store.read(names).reshape(len(names), *self._shape).astype(np.float32)


def _key(picture: str, view: int) -> str:
    return f"{picture}:view{view}"
