"""The auto recipe: the frozen backbone, its tuned top blocks, and both; the best of them is kept.

`both` says the mean of the two log-odds. Which one answers a fold is decided by what they said of the other
folds, so no fold judges its own answers; the final model is what all folds together prefer, and gives the
row its recipe.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from wreck_core.training import frozen, graph, head, top_blocks
from wreck_core.training.head import Float, Ints
from wreck_core.training.recipe import Outcome, Task, cross_fit

BOTH = "both"


def fit(task: Task) -> Outcome:
    """Fit both ways and keep the best."""
    return best(task, frozen.fit(_as(task, "frozen")), top_blocks.fit(_as(task, "top_blocks")))


def best(task: Task, one: Outcome, other: Outcome) -> Outcome:
    """Keep, fold by fold and in the end, what has the lowest log-loss elsewhere: frozen, tuned or both."""
    tried = {"frozen": one, "top_blocks": other, BOTH: mean(task, one, other)}
    target = task.samples["target"].to_numpy()
    logits, temperature = np.empty_like(one.logits), np.ones(len(target))
    chosen: dict[int, str] = {}
    for part in task.parts:
        losses = {name: _loss(outcome, target, part.train) for name, outcome in tried.items()}
        chosen[part.fold] = min(losses, key=losses.__getitem__)
        kept = tried[chosen[part.fold]]
        logits[part.answer] = kept.logits[part.answer]
        temperature[part.answer] = kept.temperature[part.answer]
    return replace(
        kept,
        logits=logits,
        temperature=temperature,
        network=network(task, one, other) if kept.recipe == BOTH else kept.network,
        history=pd.concat([_history(outcome, chosen) for outcome in (one, other)]),
        compared=losses,
        learning_curve=one.learning_curve,
        other_sources=one.other_sources,
    )


def mean(task: Task, one: Outcome, other: Outcome) -> Outcome:
    """Give the mean of two outcomes' log-odds as one more outcome, still with the network of the first."""
    logits = (_calibrated(one) + _calibrated(other)) / 2
    temperature, final = cross_fit(task, logits)
    return replace(one, logits=logits, temperature=temperature, final_temperature=final, recipe=BOTH)


def mean_log_odds(some: Sequence[Float]) -> Float:
    """Give the probabilities (any shape) at the mean of several models' log-odds, of two classes."""
    sure = np.finfo(np.float64).eps  # of nothing more: a mean of certainties that contradict is none
    return np.asarray(expit(np.mean([logit(np.clip(p, sure, 1 - sure)) for p in some], axis=0)), np.float64)


def network(task: Task, one: Outcome, other: Outcome) -> Any:
    """Put a frozen network and a tuned one together: float32 RGB (N, px, px, 3) in 0-255 → logits (N, K)."""
    if one.head is None:
        raise RuntimeError("the first is no frozen outcome")
    weights, bias = other.network.get_layer("logits").get_weights()
    heads = (
        (one.head.linear.weights, one.head.linear.bias, one.final_temperature),
        (weights, bias, other.final_temperature),
    )
    linear = head.Linear(
        np.concatenate([weights / (2 * temperature) for weights, _, temperature in heads]),
        np.sum([bias / (2 * temperature) for _, bias, temperature in heads], axis=0),
    )
    return graph.add_head(graph.doubled(task.backbone, one.network, other.network), linear, one.head.scaling)


def _calibrated(outcome: Outcome) -> Float:
    return outcome.logits / outcome.temperature[:, None]


def _as(task: Task, recipe: str) -> Task:
    return replace(task, row=task.row.model_copy(update={"recipe": recipe}))


def _loss(outcome: Outcome, target: Ints, rows: Ints) -> float:
    return head.log_loss(_calibrated(outcome)[rows], target[rows])


def _history(outcome: Outcome, chosen: dict[int, str]) -> pd.DataFrame:
    table = outcome.history.assign(recipe=outcome.recipe)
    return table.assign(chosen=table["chosen"] & table["fold"].map(chosen).isin([outcome.recipe, BOTH]))
