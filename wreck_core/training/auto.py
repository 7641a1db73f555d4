"""The auto recipe: both the frozen backbone and its tuned top blocks, and the better of them is kept.

Which one answers a fold is decided by what both said of the other folds, so no fold judges its own answers;
the final model is what all folds together prefer, and gives the row its recipe.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from wreck_core.training import frozen, head, top_blocks
from wreck_core.training.head import Ints
from wreck_core.training.recipe import Outcome, Task


def fit(task: Task) -> Outcome:
    """Fit both ways and keep, fold by fold and in the end, the one with the lower log-loss elsewhere."""
    tried = {"frozen": frozen.fit(_as(task, "frozen")), "top_blocks": top_blocks.fit(_as(task, "top_blocks"))}
    target = task.samples["target"].to_numpy()
    logits, temperature = np.empty_like(tried["frozen"].logits), np.ones(len(target))
    chosen: dict[int, str] = {}
    for part in task.parts:
        losses = {name: _loss(outcome, target, part.train) for name, outcome in tried.items()}
        chosen[part.fold] = min(losses, key=losses.__getitem__)
        best = tried[chosen[part.fold]]
        logits[part.answer], temperature[part.answer] = (
            best.logits[part.answer],
            best.temperature[part.answer],
        )
    return Outcome(
        logits=logits,
        temperature=temperature,
        network=best.network,
        features=best.features,
        final_temperature=best.final_temperature,
        c=best.c,
        weights_sha256=best.weights_sha256,
        history=pd.concat([_history(name, outcome, chosen) for name, outcome in tried.items()]),
        recipe=chosen[part.fold],
        compared=losses,
        learning_curve=tried["frozen"].learning_curve,
        other_sources=tried["frozen"].other_sources,
    )


def _as(task: Task, recipe: str) -> Task:
    return replace(task, row=task.row.model_copy(update={"recipe": recipe}))


def _loss(outcome: Outcome, target: Ints, rows: Ints) -> float:
    return head.log_loss(outcome.logits[rows] / outcome.temperature[rows, None], target[rows])


def _history(name: str, outcome: Outcome, chosen: dict[int, str]) -> pd.DataFrame:
    table = outcome.history.assign(recipe=name)
    return table.assign(chosen=table["chosen"] & (table["fold"].map(chosen) == name))
