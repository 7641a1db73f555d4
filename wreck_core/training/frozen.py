"""The frozen recipe: a pretrained backbone as it is, and a logistic head on its pooled features."""

from dataclasses import asdict
from typing import Any

import pandas as pd

from wreck_core.training import features, graph, head, learning_curve, other_sources
from wreck_core.training.features import Features
from wreck_core.training.recipe import Outcome, Task, blank, build_backbone, split_inside


def fit(task: Task) -> Outcome:
    """Compute the features once, then fit one head per fold and the final one."""
    trunk, sha256 = build_trunk(task)
    vectors, widths = pooled(task, trunk, sha256), graph.widths(task.backbone, trunk)
    target = task.samples["target"].to_numpy()
    logits, temperature = blank(task)
    history: list[dict[str, Any]] = []
    for done, part in enumerate(task.parts):
        chosen, trials = head.choose(
            vectors[part.train],
            widths,
            target[part.train],
            split_inside(task, part),
            len(task.classes),
            task.params.c_grid,
        )
        logits[part.answer] = chosen.scaled.logits(vectors[part.answer])
        temperature[part.answer] = chosen.temperature
        history += [{"fold": part.fold, **asdict(trial), "chosen": trial.c == chosen.c} for trial in trials]
        task.progress(done + 1, len(task.parts), "heads")
    folded = len(task.parts) > 1
    return Outcome(  # `chosen` is the head of the last part: the final model's
        logits,
        temperature,
        graph.add_head(trunk, chosen.scaled.linear, chosen.scaled.scaling),
        chosen.temperature,
        chosen.c,
        sha256,
        pd.DataFrame(history),
        "frozen",
        learning_curve=learning_curve.measure(task, vectors, widths, chosen.c, logits) if folded else [],
        other_sources=other_sources.measure(task, vectors, widths, chosen.c) if folded else None,
        head=chosen.scaled,
        # The earlier layer sees dents, but all pictures look alike to it: it would call nothing strange.
        features=vectors[:, : widths[0]],
    )


def pooled(task: Task, trunk: Any, sha256: str) -> Features:
    """Give the features of the samples, float32 (N, F), computing those that the store lacks."""
    layers = [*filter(None, (task.backbone.name, task.backbone.also))]
    return features.extract(features.open_store(task, task.features, layers, sha256), trunk, task)


def build_trunk(task: Task) -> tuple[Any, str]:
    """Build the backbone with its weights and preprocessing, frozen, and name the weights by their sha256."""
    network, sha256 = build_backbone(task)
    network = graph.widened(task.backbone, network)
    graph.freeze(network)
    return graph.with_preprocessing(task.backbone, network), sha256
