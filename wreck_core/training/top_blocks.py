"""The top-blocks recipe: the upper layers of a pretrained backbone, tuned on activations cached at its cut.

The layers below stay as they are, so each view of a picture goes through them once, and a step costs a
tenth of one through the whole network. Batch norms stay in inference mode; with them frozen, two threads
give the same bytes every time. Nothing is chosen while it trains: the epochs are the row's, and the
temperature of a fold comes from what was said of the other folds (`recipe.cross_fit`).

The full recipe is the same with the cut before the first layer: everything is tuned, batch norms too. That
takes ten times as long and one thread, because with two no two runs agree.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core.training import features, graph, head
from wreck_core.training.head import Float, Ints
from wreck_core.training.recipe import Outcome, Part, Task, blank, build_backbone, cross_fit, finite
from wreck_core.training.runtime import keras
from wreck_core.training.states import State
from wreck_core.training.views import DRAWN, MIRRORED, PLAIN, Views

VIEWS = 4
LEARNING_RATE, FULL_LEARNING_RATE = 3e-4, 1e-4  # at the most
WARM_UP, WEIGHT_DECAY = 0.1, 1e-2
EMA, LABEL_SMOOTHING, DROPOUT = 0.98, 0.05, 0.3
HEAD_C = 1e-3  # inverse strength of the logistic fit that the head starts from


class Tuning:
    """One task under way: the cached views, and the network whose top blocks (or all) are tuned on them."""

    def __init__(self, task: Task) -> None:
        backbone, self.weights_sha256 = build_backbone(task)
        if task.recipe == "full":
            lower, self._upper = graph.uncut(task.backbone, backbone)
            self._rate = FULL_LEARNING_RATE
            folder = task.checkpoint  # the pictures themselves: large, and nothing to compute again
        else:
            lower, self._upper = graph.split(task.backbone, backbone)
            graph.freeze(self._upper, keras.layers.BatchNormalization)
            self._rate = LEARNING_RATE
            folder = task.features
        self._task, self._backbone = task, backbone
        layers = [task.backbone.name, task.backbone.cut, DRAWN]
        store = features.open_store(task, folder, layers, self.weights_sha256, np.float16)
        self._views = Views(store, task, VIEWS)
        self._views.fill(lower)
        self._target = task.samples["target"].to_numpy()
        self._network = self._with_head()
        self._forward = features.compiled(self._network)
        self._state = State(self._network)
        self._pooled = self._pool()

    def _with_head(self) -> Any:
        cached = keras.Input(self._upper.input_shape[1:], name="activations")
        pooled = keras.layers.Dropout(DROPOUT, name="dropout")(self._upper(cached))
        logits = keras.layers.Dense(len(self._task.classes), name="logits", dtype="float32")(pooled)
        network = keras.Model(cached, logits, name=self._task.name)
        network.compile(
            keras.optimizers.AdamW(LEARNING_RATE, weight_decay=WEIGHT_DECAY, use_ema=True, ema_momentum=EMA),
            keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=LABEL_SMOOTHING),
            jit_compile=False,
        )
        return network

    def _pool(self) -> NDArray[np.float32]:
        """Give the features of the plain and the mirrored view before any tuning, float32 (2, N, F)."""
        forward, rows = features.compiled(self._upper), np.arange(len(self._target))
        return np.stack([self._by_batches(forward, view, rows) for view in (PLAIN, MIRRORED)])

    def _by_batches(self, forward: features.Forward, view: int, rows: Ints) -> NDArray[np.float32]:
        """Give what a compiled network answers to one view of the rows, always in whole batches."""
        size = self._task.params.batch
        found = []
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            found.append(forward(self._views.read(np.full(size, view), np.resize(some, size)))[: len(some)])
        return np.concatenate(found)

    def fit(self, number: int, part: Part) -> list[float]:
        """Tune from the first weights on, or from the last finished epoch; give the loss of each epoch."""
        kept = self._task.checkpoint / f"seed{self._task.params.seed}-part{number}.npz"
        self._state.reset()
        self._start_head(part.train)
        if kept.exists():
            self._state.load(kept)
        losses, epochs = self._state.losses, self._task.epochs
        for epoch in range(len(losses), epochs):
            losses.append(finite(self._task, self._epoch(number, epoch, part.train)))
            self._state.save(kept)
            done = number * epochs + epoch + 1
            self._task.progress(done, epochs * len(self._task.parts), f"part {number + 1}, epoch {epoch + 1}")
        self._network.optimizer.finalize_variable_values(self._network.trainable_variables)
        return list(losses)

    def _start_head(self, rows: Ints) -> None:
        pooled, target = np.concatenate(self._pooled[:, rows]), np.tile(self._target[rows], 2)
        linear = head.fit_linear(pooled, target, len(self._task.classes), HEAD_C)
        self._network.get_layer("logits").set_weights(
            [linear.weights.astype(np.float32), linear.bias.astype(np.float32)]
        )

    def _epoch(self, number: int, epoch: int, rows: Ints) -> float:
        """Go once over the rows in random order, of each a view drawn by chance."""
        # Every epoch draws from a seed of its own, so one that is done again after a kill is the same.
        rng = np.random.default_rng((self._task.params.seed, number, epoch))
        size = self._task.params.batch
        steps = -(-len(rows) // size)
        order = np.resize(rng.permutation(rows), steps * size)
        views = rng.integers(0, VIEWS, steps * size)
        answers = np.eye(len(self._task.classes), dtype=np.float32)[self._target[order]]
        self._network.reset_metrics()
        loss = 0.0
        for step in range(steps):
            at = slice(step * size, (step + 1) * size)
            done = (epoch * steps + step) / (self._task.epochs * steps)
            self._network.optimizer.learning_rate.assign(self._rate * pace(done))
            loss = self._network.train_on_batch(self._views.read(views[at], order[at]), answers[at])
        return float(loss)  # the mean since the reset

    def logits(self, rows: Ints) -> Float:
        """Give the logits of the plain view, float64 (N, K)."""
        if not rows.size:
            return np.empty((0, len(self._task.classes)))
        return self._by_batches(self._forward, PLAIN, rows).astype(np.float64)

    def whole(self) -> Any:
        """Give the tuned network from float32 RGB (N, px, px, 3) in 0-255 to logits."""
        trunk = graph.with_preprocessing(self._task.backbone, self._backbone)
        weights, bias = self._network.get_layer("logits").get_weights()
        return graph.add_head(trunk, head.Linear(weights, bias))


def pace(done: float) -> float:
    """Give the share of the learning rate after a part of all steps (both 0-1): up a line, down a cosine."""
    if done < WARM_UP:
        return done / WARM_UP
    return float(1 + np.cos(np.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2


def fit(task: Task) -> Outcome:
    """Cache the activations, then tune the top blocks (or all) once per fold and once for the final model."""
    tuning = Tuning(task)
    logits, _ = blank(task)
    history: list[dict[str, Any]] = []
    for number, part in enumerate(task.parts):
        losses = tuning.fit(number, part)
        logits[part.answer] = tuning.logits(part.answer)
        history += [
            {"fold": part.fold, "epoch": at, "loss": loss, "chosen": at == len(losses) - 1}
            for at, loss in enumerate(losses)
        ]
    temperature, final = cross_fit(task, logits)
    return Outcome(
        logits,
        temperature,
        tuning.whole(),
        final,
        None,
        tuning.weights_sha256,
        pd.DataFrame(history),
        task.recipe,
    )
