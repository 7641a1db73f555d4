"""Pooled features of a frozen backbone, kept for the next night.

The store is append-only and one SQLite file per (builder, weights, input size, versions): a kill
leaves whole batches, two processes may share it, and a night with 5 % new pictures computes 5 %.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core.training import litert
from wreck_core.training.pictures import Box, load_squares
from wreck_core.training.recipe import Task
from wreck_core.training.runtime import tf

Features = NDArray[np.float32]
Forward = Callable[[NDArray[Any]], NDArray[np.float32]]

BUSY_TIMEOUT_S = 60.0


class FeatureStore:
    """Vectors of float32 by key, in one file; a key that is there keeps its first vector.

    `name` says all that the numbers depend on, besides the version of TensorFlow.
    """

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{name}-tf{tf.__version__}.db"
        with self._open() as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("CREATE TABLE IF NOT EXISTS features (key TEXT PRIMARY KEY, vector BLOB)")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S)) as database, database:
            yield database

    def missing(self, keys: Sequence[str]) -> list[str]:
        """Give the keys that are not there yet, in the order given."""
        with self._open() as database:
            present = {key for (key,) in database.execute("SELECT key FROM features")}
        return [key for key in keys if key not in present]

    def add(self, keys: Sequence[str], vectors: Features) -> None:
        """Append the rows of `vectors` (N, F) under `keys`."""
        with self._open() as database:
            database.executemany(
                "INSERT OR IGNORE INTO features VALUES (?, ?)",
                [(key, row.tobytes()) for key, row in zip(keys, vectors, strict=True)],
            )

    def read(self, keys: Sequence[str]) -> Features:
        """Read float32 (N, F) in the order of `keys`. Raises KeyError for a key that is not there."""
        with self._open() as database:
            stored = dict(database.execute("SELECT key, vector FROM features"))
        return np.stack([np.frombuffer(stored[key], np.float32) for key in keys])


def keys(samples: pd.DataFrame) -> list[str]:
    """Name each picture by its hash and, when it is cropped, the box."""
    return [
        sha256 if box is None else f"{sha256}:{_box_name(box)}"
        for sha256, box in zip(samples["sha256"], samples["box"], strict=True)
    ]


def _box_name(box: Box) -> str:
    return ",".join(f"{side:.6f}" for side in box)


def compiled(model: Any) -> Forward:
    """Compile a model to a function from a numpy batch (N, H, W, 3) of any N to a numpy answer."""
    image = tf.TensorSpec((None, *model.input_shape[1:]), model.input.dtype)
    forward = tf.function(
        lambda batch: tf.cast(model(batch, training=False), tf.float32)
    ).get_concrete_function(image)
    return lambda batch: np.asarray(forward(tf.constant(batch, dtype=image.dtype)))


def extract(store: FeatureStore, trunk: Any, task: Task) -> Features:
    """Give the features of all samples of a task, float32 (N, F), computing those that the store lacks.

    `trunk` is a keras.Model from float32 RGB (N, px, px, 3) in 0-255 to (N, F). Which runtime computes them
    is said by the row and not left to the machine, because no two give the same last bits.
    """
    samples, batch, side_px = task.samples, task.params.batch, trunk.input_shape[1]
    wanted = keys(samples)
    missing = set(store.missing(wanted))
    todo = samples[[key in missing for key in wanted]]
    if len(todo):
        forward = opened(trunk, task, store.path.with_suffix(".tflite"))
    for start in range(0, len(todo), batch):
        part = todo.iloc[start : start + batch]
        squares = load_squares(task.root, part, side_px)
        # Always whole batches: the last bits of a sum depend on the batch's shape.
        whole = np.resize(squares, (batch, *squares.shape[1:]))
        store.add(keys(part), forward(whole)[: len(part)])
        task.progress(min(start + batch, len(todo)), len(todo), "features")
    return store.read(wanted)


def opened(network: Any, task: Task, kept: Path) -> Forward:
    """Make a network ready in the runtime that the row names; a converted form stays at `kept`."""
    if task.row.runtime == "keras":
        return compiled(network)
    return litert.Trunk(network, kept, task.params.threads)
