"""One training of the seed split, a backbone by one recipe and seed: what it says stays till all are done."""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core import files
from wreck_core.layout import Layout
from wreck_core.params import BackboneRow, Params
from wreck_core.stages.train import RECIPES, make_task, resumable
from wreck_core.summary import Progress
from wreck_core.training.recipe import Task

EPOCHS = 8
Recipe = Literal["frozen", "top_blocks", "seed"]


def board(params: Params, backbone: str, recipe: Recipe, seed: int) -> Params:
    """Give the parameters of a board of that one row."""
    epochs = EPOCHS if recipe == "top_blocks" else None
    row = BackboneRow(weights="imagenet", builder=backbone, recipe=recipe, epochs=epochs)
    train = params.train.model_copy(update={"seed": seed})
    return params.model_copy(update={"backbones": {f"{backbone}-{recipe}-{seed}": row}, "train": train})


def make(params: Params, layout: Layout, samples: pd.DataFrame, progress: Progress) -> Task:
    """Bring the row of a `board` together with its samples; its checkpoint is of its very inputs."""
    (name,) = params.backbones
    task = make_task(params, layout, name, samples, lambda at, of, text: progress(at, of, f"{name}: {text}"))
    return resumable(replace(task, checkpoint=layout.checkpoints / f"seed_split@{name}"), layout)


def answers(task: Task) -> NDArray[np.float64]:
    """Train it, unless it was; what that says of every photo (N,) (of those it learned from: nothing)."""
    kept = task.checkpoint.with_name(f"{task.checkpoint.name}.npz")
    if not kept.exists():
        p = RECIPES[task.recipe](task).p_calibrated()[:, 0]
        with files.replacing(kept) as temp, temp.open("wb") as handle:
            np.savez(handle, p=p)
        shutil.rmtree(task.checkpoint, ignore_errors=True)  # its epochs are large
    return files.read_arrays(kept)["p"]


def forget(tasks: Iterable[Task]) -> None:
    """Delete what trials said."""
    for task in tasks:
        shutil.rmtree(task.checkpoint.parent, ignore_errors=True)
