"""The scratch recipe: a network that starts from nothing, as a baseline of what pretraining is worth.

Inside each training part one inner fold is held out; it chooses the epoch and the temperature.
Finished epochs are kept in the task's checkpoint folder, so a kill costs at most one epoch.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core import files
from wreck_core.training import features, graph, head, model_file
from wreck_core.training.features import Forward
from wreck_core.training.head import Float, Ints
from wreck_core.training.pictures import load_squares
from wreck_core.training.recipe import Outcome, Task, blank, split_inside
from wreck_core.training.runtime import keras
from wreck_core.training.weights import digest

LEARNING_RATE = 1e-3
ZOOM, CONTRAST = 0.1, 0.1


@dataclass(frozen=True)
class Data:
    """Square pictures (N, px, px, 3) of uint8 RGB with their targets (N,), and the size of a batch."""

    pictures: NDArray[np.uint8]
    target: Ints
    batch: int

    def part(self, rows: Ints) -> "Data":
        """Only these rows."""
        return Data(self.pictures[rows], self.target[rows], self.batch)

    def logits(self, forward: Forward) -> Float:
        """Give what a compiled network answers: float64 (N, K)."""
        starts = range(0, len(self.target), self.batch)
        found = [forward(self.pictures[start : start + self.batch]) for start in starts]
        return np.concatenate(found).astype(np.float64)


@dataclass(frozen=True)
class Epoch:
    """One line of the learning curve, log-losses in nats."""

    loss: float
    held_out_loss: float


class Checkpoint:
    """The networks of the last and the best epoch of one fit, and its learning curve, in a folder.

    `epochs.json` is written after the network, so it never names one that is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._curve = folder / "epochs.json"

    def curve(self) -> list[Epoch]:
        """Give the epochs that are done."""
        return [Epoch(**line) for line in files.read_json(self._curve)] if self._curve.exists() else []

    def load(self, epoch: int) -> Any:
        """Load the network after an epoch (from 0), with its optimizer."""
        return keras.saving.load_model(self._network(epoch))

    def save(self, network: Any, curve: list[Epoch]) -> None:
        """Keep the network of the last epoch of `curve`; forget those that are neither last nor best."""
        last = len(curve) - 1
        model_file.save(network, self._network(last))
        files.write_json(self._curve, [asdict(epoch) for epoch in curve])
        kept = {self._network(last), self._network(best_epoch(curve))}
        for path in set(self.folder.glob("*.keras")) - kept:
            path.unlink()

    def _network(self, epoch: int) -> Path:
        return self.folder / f"epoch{epoch:03d}.keras"


def best_epoch(curve: list[Epoch]) -> int:
    """Give the number (from 0) of the epoch with the least held-out loss; the earliest of equals."""
    return min(range(len(curve)), key=lambda epoch: (curve[epoch].held_out_loss, epoch))


def fit(task: Task) -> Outcome:
    """Train one network per fold and the final one, each from the same seed on."""
    samples = task.samples
    data = Data(
        load_squares(task.root, samples, task.input_px), samples["target"].to_numpy(), task.params.batch
    )
    logits, temperature = blank(task)
    history: list[dict[str, Any]] = []
    for number, part in enumerate(task.parts):
        learn, held_out = (data.part(part.train[rows]) for rows in split_inside(task, part)[0])
        checkpoint = Checkpoint(task.checkpoint / f"part{number}")
        curve = train(task, checkpoint, learn, held_out, number)
        chosen = best_epoch(curve)
        network = checkpoint.load(chosen)
        forward = features.compiled(network)
        part_temperature = head.fit_temperature(held_out.logits(forward), held_out.target)
        if part.answer.size:  # there may be no locked test part
            logits[part.answer] = data.part(part.answer).logits(forward)
        temperature[part.answer] = part_temperature
        history += [
            {"fold": part.fold, "epoch": at, **asdict(epoch), "chosen": at == chosen}
            for at, epoch in enumerate(curve)
        ]
    return Outcome(
        logits,
        temperature,
        network,
        part_temperature,
        None,
        digest(network),
        pd.DataFrame(history),
        "scratch",
    )


def train(task: Task, checkpoint: Checkpoint, learn: Data, held_out: Data, number: int) -> list[Epoch]:
    """Train for the task's epochs, going on where the checkpoint stands; give the learning curve."""
    curve = checkpoint.curve()
    network = checkpoint.load(len(curve) - 1) if curve else build(task)
    forward = features.compiled(network)
    total = task.epochs * len(task.parts)
    for epoch in range(len(curve), task.epochs):
        # Every epoch draws from a seed of its own, so one that is done again after a kill is the same.
        rng = np.random.default_rng((task.params.seed, number, epoch))
        loss = _train_epoch(network, learn, rng, augmented=task.row.augment)
        curve.append(Epoch(loss, head.log_loss(held_out.logits(forward), held_out.target)))
        checkpoint.save(network, curve)
        task.progress(number * task.epochs + epoch + 1, total, f"part {number + 1}, epoch {epoch + 1}")
    return curve


def build(task: Task) -> Any:
    """Build the untrained network: float32 RGB (N, px, px, 3) in 0-255 → logits (N, K)."""
    keras.utils.set_random_seed(task.params.seed)
    sizes = {"dense": task.row.dense} if task.row.dense else {}
    trunk = graph.with_preprocessing(task.backbone, task.backbone.build(task.input_px, **sizes))
    last = trunk.output
    if task.row.dropout:
        last = keras.layers.Dropout(task.row.dropout, seed=task.params.seed, name="dropout")(last)
    logits = keras.layers.Dense(len(task.classes), name="logits", dtype="float32")(last)
    network = keras.Model(trunk.input, logits, name=task.name)
    network.compile(
        keras.optimizers.Adam(LEARNING_RATE),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    return network


def _train_epoch(network: Any, data: Data, rng: np.random.Generator, *, augmented: bool) -> float:
    """Go once over the pictures in random order, each changed by chance when `augmented`."""
    flip, zoom, contrast = (int(seed) for seed in rng.integers(0, 2**31, 3))
    augment = keras.Sequential(
        [
            keras.layers.RandomFlip("horizontal", seed=flip),
            keras.layers.RandomZoom(ZOOM, seed=zoom),
            keras.layers.RandomContrast(CONTRAST, value_range=(0, 255), seed=contrast),
        ]
    )
    # Whole batches, the last one filled up from the start: every other shape is compiled anew.
    order = np.resize(rng.permutation(len(data.target)), -(-len(data.target) // data.batch) * data.batch)
    network.reset_metrics()
    loss = 0.0
    for start in range(0, len(order), data.batch):
        rows = order[start : start + data.batch]
        pictures = data.pictures[rows].astype(np.float32)
        if augmented:
            pictures = augment(pictures, training=True)
        loss = float(network.train_on_batch(pictures, data.target[rows]))  # the mean since the reset
    return loss
