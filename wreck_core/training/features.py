"""What frozen layers say of pictures, kept for the next night: pooled features, activations at a cut.

A store is append-only and one SQLite file per (layers, weights, input size, versions): a kill
leaves whole batches, two processes may share it, and a night with 5 % new pictures computes 5 %.
"""

import importlib.metadata
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike, NDArray

from wreck_core.errors import InputError, StorageError
from wreck_core.training import litert
from wreck_core.training.pictures import Box, load_squares
from wreck_core.training.recipe import Task
from wreck_core.training.runtime import tf

Features = NDArray[np.float32]
Forward = Callable[[NDArray[Any]], NDArray[np.float32]]

BUSY_TIMEOUT_S = 60.0


class FeatureStore:
    """Arrays of `dtype` by key, in one file; a key that is there keeps its first array.

    `name` says all that the numbers depend on. Every method raises StorageError when the file is damaged or
    the disk is full.
    """

    def __init__(self, folder: Path, name: str, dtype: DTypeLike = np.float32) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{name}.db"
        self._dtype = np.dtype(dtype)
        with self._open() as database:
            _write_ahead(database)
            database.execute("CREATE TABLE IF NOT EXISTS features (key TEXT PRIMARY KEY, vector BLOB)")
        self.path.touch()  # `wreck prune` takes those that nobody opened for long

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S)) as database, database:
                yield database
        except sqlite3.Error as error:
            held = getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")
            fix = "free some space; a damaged one may be deleted, as it is computed anew"
            raise StorageError(
                f"the feature store cannot be used: {error}",
                where=str(self.path),
                fix="wait until the other training has written" if held else fix,
            ) from error

    def missing(self, keys: Sequence[str]) -> list[str]:
        """Give the keys that are not there yet, in the order given."""
        with self._open() as database:
            present = {key for (key,) in database.execute("SELECT key FROM features")}
        return [key for key in keys if key not in present]

    def add(self, keys: Sequence[str], arrays: NDArray[Any]) -> None:
        """Append the rows of `arrays` (N, ...) under `keys`, all of them or none."""
        with self._open() as database:
            database.executemany(
                "INSERT OR IGNORE INTO features VALUES (?, ?)",
                [(key, row.astype(self._dtype).tobytes()) for key, row in zip(keys, arrays, strict=True)],
            )

    def read(self, keys: Sequence[str]) -> NDArray[Any]:
        """Read (N, F) of the store's dtype in the order of `keys`, each array flat.

        Raises InputError when one is not there, which a takedown under way may have taken.
        """
        arrays: NDArray[Any] | None = None
        with self._open() as database:
            for at, key in enumerate(keys):
                found = database.execute("SELECT vector FROM features WHERE key = ?", (key,)).fetchone()
                if found is None:
                    raise InputError(
                        "a picture was taken down meanwhile", where=str(self.path), fix="run it again"
                    )
                array = np.frombuffer(found[0], self._dtype)
                arrays = np.empty((len(keys), len(array)), self._dtype) if arrays is None else arrays
                arrays[at] = array
        return np.empty((0, 0), self._dtype) if arrays is None else arrays


def _write_ahead(database: sqlite3.Connection) -> None:
    """Have the store take a write-ahead log.

    SQLite does not wait for another process that does the same in that moment, so we do.
    """
    until = monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
            sleep(0.01)
        else:
            return


def open_store(
    task: Task, folder: Path, layers: Sequence[str], sha256: str, dtype: DTypeLike = np.float32
) -> FeatureStore:
    """Open the store in `folder` of what `layers` with the weights `sha256` say of a task's pictures.

    The file is named by the settings and versions that the numbers depend on, down to their last bits. Code
    is not in it: who changes what a layer sees gives it another name, as `views.DRAWN` is a part of one.
    """
    packages = ["tensorflow", "keras", "opencv-python"]
    packages += ["ai-edge-litert"] if task.row.runtime == "litert" else []
    unusual = {task.row.runtime, task.params.precision} - {"keras", "float32"}
    depends_on = [
        *(layer.replace(" ", "_") for layer in layers),
        f"{task.input_px}px",
        sha256[:16],
        f"{task.params.threads}threads",
        f"{task.params.batch}batch",
        *sorted(unusual),
        *(importlib.metadata.version(package) for package in packages),
    ]
    return FeatureStore(folder, "-".join(depends_on), dtype)


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
