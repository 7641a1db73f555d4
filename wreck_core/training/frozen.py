"""The frozen recipe: a pretrained backbone as it is, and a logistic head on its pooled features."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from wreck_core.training import backbones, features, head, weights
from wreck_core.training.head import Linear
from wreck_core.training.recipe import Outcome, Task, blank, parts, split_inside
from wreck_core.training.runtime import keras


def fit(task: Task) -> Outcome:
    """Compute the features once, then fit one head per fold and the final one."""
    trunk, sha256 = build_trunk(task)
    depends_on = (task.backbone.name, f"{task.input_px}px", sha256[:16], f"{task.params.threads}threads")
    store = features.FeatureStore(task.features, "-".join(depends_on))
    vectors = features.extract(
        store, trunk, task.samples, task.root, batch=task.params.batch, progress=task.progress
    )
    target = task.samples["target"].to_numpy()
    logits, temperature = blank(task)
    history: list[dict[str, Any]] = []
    every = list(parts(task.samples))
    for done, part in enumerate(every):
        chosen, trials = head.choose(
            vectors[part.train],
            target[part.train],
            split_inside(task, part),
            len(task.classes),
            task.params.c_grid,
        )
        logits[part.answer] = chosen.linear.logits(vectors[part.answer])
        temperature[part.answer] = chosen.temperature
        history += [{"fold": part.fold, **asdict(trial), "chosen": trial.c == chosen.c} for trial in trials]
        task.progress(done + 1, len(every), "heads")
    return Outcome(  # `chosen` is the head of the last part: the final model's
        logits,
        temperature,
        add_head(trunk, chosen.linear),
        chosen.temperature,
        chosen.c,
        sha256,
        pd.DataFrame(history),
    )


def build_trunk(task: Task) -> tuple[Any, str]:
    """Build the backbone with its weights and preprocessing, frozen, and name the weights by their sha256."""
    keras.utils.set_random_seed(task.params.seed)  # for rows with `weights: none`
    network = task.backbone.build(task.input_px)
    if task.weights.path is not None:
        weights.load(network, task.weights.path)
    sha256 = task.weights.sha256() or weights.digest(network)
    # Layer by layer: `training=False` alone lets the statistics of batch norms move (keras#20285).
    for layer in network.layers:
        layer.trainable = False
    return backbones.with_preprocessing(task.backbone, network), sha256


def add_head(trunk: Any, linear: Linear) -> Any:
    """Put a fitted linear map on a trunk: the result gives logits (N, K)."""
    dense = keras.layers.Dense(linear.bias.size, name="logits")
    network = keras.Model(trunk.input, dense(trunk.output), name=trunk.name)
    dense.set_weights([linear.weights.astype(np.float32), linear.bias.astype(np.float32)])
    return network
