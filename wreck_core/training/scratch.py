"""The scratch recipe: a network that starts from nothing, as a baseline of what pretraining is worth.

Inside each training part one inner fold is held out; it chooses the epoch and the temperature.
The last and the best epoch are kept in the task's checkpoint folder, so a kill costs at most one epoch.
"""

from dataclasses import asdict, astuple, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core.training import features, graph, head
from wreck_core.training.features import Forward
from wreck_core.training.head import Float, Ints
from wreck_core.training.pictures import load_squares
from wreck_core.training.recipe import Outcome, Task, blank, finite, split_inside
from wreck_core.training.runtime import keras
from wreck_core.training.states import State
from wreck_core.training.weights import digest

LEARNING_RATE = 1e-3
ZOOM, CONTRAST = 0.1, 0.1


@dataclass(frozen=True)
class Data:
    """Some `rows` (N,) of all square pictures (M, px, px, 3), uint8 RGB, and of all targets (M,).

    The pictures are in memory once, however many parts are looked at. `batch` is how many go in at once.
    """

    all_pictures: NDArray[np.uint8]
    all_targets: Ints
    batch: int
    rows: Ints

    @property
    def target(self) -> Ints:
        """The targets (N,) of the rows."""
        return self.all_targets[self.rows]

    def part(self, rows: Ints) -> "Data":
        """Only these of all rows."""
        return replace(self, rows=rows)

    def logits(self, forward: Forward) -> Float:
        """Give what a compiled network answers: float64 (N, K)."""
        starts = range(0, len(self.rows), self.batch)
        found = [forward(self.all_pictures[self.rows[start : start + self.batch]]) for start in starts]
        return np.concatenate(found).astype(np.float64)


@dataclass(frozen=True)
class Epoch:
    """One line of the learning curve, log-losses in nats."""

    loss: float
    held_out_loss: float


def best_epoch(curve: list[Epoch]) -> int:
    """Give the number (from 0) of the epoch with the least held-out loss; the earliest of equals."""
    return min(range(len(curve)), key=lambda epoch: (curve[epoch].held_out_loss, epoch))


def fit(task: Task) -> Outcome:
    """Train one network per fold and the final one, each from the same seed on."""
    samples = task.samples
    squares = load_squares(task.root, samples, task.input_px)
    data = Data(squares, samples["target"].to_numpy(), task.params.batch, np.arange(len(samples)))
    logits, temperature = blank(task)
    history: list[dict[str, Any]] = []
    for number, part in enumerate(task.parts):
        learn, held_out = (data.part(part.train[rows]) for rows in split_inside(task, part)[0])
        network, curve = train(task, learn, held_out, number)
        chosen, forward = best_epoch(curve), features.compiled(network)
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


def train(task: Task, learn: Data, held_out: Data, number: int) -> tuple[Any, list[Epoch]]:
    """Train part `number` for the task's epochs, from the last finished one on.

    Gives the network of the best epoch, and all epochs.
    """
    network = build(task)
    forward, state = features.compiled(network), State(network)
    best, last = (task.checkpoint / f"part{number}-{which}.npz" for which in ("best", "last"))
    if last.exists():
        state.load(last)
    curve = [Epoch(*losses) for losses in state.losses]
    for epoch in range(len(curve), task.epochs):
        # Every epoch draws from a seed of its own, so one that is done again after a kill is the same.
        rng = np.random.default_rng((task.params.seed, number, epoch))
        loss = finite(task, _train_epoch(network, learn, rng, augmented=task.row.augment))
        curve.append(Epoch(loss, head.log_loss(held_out.logits(forward), held_out.target)))
        state.losses.append(astuple(curve[-1]))
        if best_epoch(curve) == epoch:  # before the last: a kill between them does this epoch again
            state.save(best)
        state.save(last)
        done = number * task.epochs + epoch + 1
        task.progress(done, task.epochs * len(task.parts), f"part {number + 1}, epoch {epoch + 1}")
    state.load(best)
    return network, curve


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
    order = np.resize(rng.permutation(data.rows), -(-len(data.rows) // data.batch) * data.batch)
    network.reset_metrics()
    loss = 0.0
    for start in range(0, len(order), data.batch):
        rows = order[start : start + data.batch]
        pictures = data.all_pictures[rows].astype(np.float32)
        if augmented:
            pictures = augment(pictures, training=True)
        loss = float(network.train_on_batch(pictures, data.all_targets[rows]))  # the mean since the reset
    return loss
