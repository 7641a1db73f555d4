"""The seed recipe, as the seed notebook trained its transfer models: a new head, then everything.

Three epochs of dropout and a dense layer on the frozen backbone (Adam, 1e-3), then three of all layers
(Adam, 1e-5), batch norms included; no augmentation, and nothing held out. Its hub modules took pictures in
0-1 and scaled them inside, which is each row's own preprocessing here.

Reference: WreckDetect_Tensorflow.ipynb of tpham222/Wreck_Detect.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core.training import features, graph
from wreck_core.training.head import Float, Ints
from wreck_core.training.pictures import load_squares
from wreck_core.training.recipe import Outcome, Part, Task, blank, build_backbone, cross_fit, finite
from wreck_core.training.runtime import keras
from wreck_core.training.states import State

DROPOUT = 0.2
EPOCHS = 3  # of each phase
RATES = (1e-3, 1e-5)  # with the backbone frozen, and with all layers


def fit(task: Task) -> Outcome:
    """Train one network per fold and the final one, each from the same weights on."""
    squares = load_squares(task.root, task.samples, task.input_px)
    target = task.samples["target"].to_numpy()
    logits, _ = blank(task)
    history: list[dict[str, Any]] = []
    for number, part in enumerate(task.parts):
        network, losses, sha256 = _train(task, number, part, squares, target)
        logits[part.answer] = _logits(task, network, squares[part.answer])
        history += [
            {"fold": part.fold, "epoch": at, "loss": loss, "chosen": at == len(losses) - 1}
            for at, loss in enumerate(losses)
        ]
    temperature, final = cross_fit(task, logits)
    return Outcome(logits, temperature, network, final, None, sha256, pd.DataFrame(history), "seed")


def _train(
    task: Task, number: int, part: Part, squares: NDArray[np.uint8], target: Ints
) -> tuple[Any, list[float], str]:
    """Train both phases, from the last finished epoch on; give the losses and the weights' hash too."""
    backbone, sha256 = build_backbone(task)
    trunk = graph.with_preprocessing(task.backbone, backbone)
    dropped = keras.layers.Dropout(DROPOUT, name="dropout")(trunk.output)
    network = keras.Model(
        trunk.input, keras.layers.Dense(len(task.classes), name="logits", dtype="float32")(dropped)
    )
    losses: list[float] = []
    for phase, rate in enumerate(RATES):
        backbone.trainable = phase > 0
        network.compile(
            keras.optimizers.Adam(rate),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=False,
        )
        state, kept = State(network), task.checkpoint / f"part{number}-phase{phase}.npz"
        if kept.exists():
            state.load(kept)
        for epoch in range(len(state.losses), EPOCHS):
            rng = np.random.default_rng((task.params.seed, number, phase, epoch))
            loss = _epoch(network, squares, target, rng.permutation(part.train), task.params.batch)
            state.losses.append(finite(task, loss))
            state.save(kept)
            done = (number * len(RATES) + phase) * EPOCHS + epoch + 1
            task.progress(done, len(task.parts) * len(RATES) * EPOCHS, f"part {number + 1}")
        losses += state.losses
    return network, losses, sha256


def _epoch(network: Any, squares: NDArray[np.uint8], target: Ints, order: Ints, batch: int) -> float:
    whole = np.resize(order, -(-len(order) // batch) * batch)  # every other shape is compiled anew
    network.reset_metrics()
    loss = 0.0
    for start in range(0, len(whole), batch):
        rows = whole[start : start + batch]
        loss = float(network.train_on_batch(squares[rows].astype(np.float32), target[rows]))
    return loss


def _logits(task: Task, network: Any, squares: NDArray[np.uint8]) -> Float:
    """Answer in batches: float64 (N, K)."""
    forward, size = features.compiled(network), task.params.batch
    found = [forward(squares[start : start + size]) for start in range(0, len(squares), size)]
    return np.concatenate([np.empty((0, len(task.classes))), *found]).astype(np.float64)
