"""The seed notebook's own split (982 photos to learn from, 245 to judge) under our recipes, beside its table.

Nothing is chosen by these 245 photos: epochs and strengths stood before, the means are the board's own
ensembles, and which form of a member is the better comes from folds inside the 982.
"""

import shutil
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core import files
from wreck_core.dataset.seed_photos import read_split
from wreck_core.evaluation import intervals, metrics
from wreck_core.layout import Layout
from wreck_core.params import BackboneRow, Params
from wreck_core.stages.train import RECIPES, make_task
from wreck_core.summary import Progress, Summary, silent
from wreck_core.training import runtime

SEEDS = (29, 30, 31)
EPOCHS = 8
# The one that tuning makes no better on folds inside the 982; a mean of the better forms takes it frozen.
FROZEN_IS_BETTER = ("mobilenet",)
COLUMNS = ["backbone", "recipe", "loss", "accuracy", "precision", "recall", "auc", "auc_low", "auc_high"]
# What the seed project (tpham222/Wreck_Detect) published for the same 245 photos, in the order of COLUMNS.
PUBLISHED = (
    ("mobilenet_v2", 0.369190, 0.893878, 0.932692, 0.836207, 0.956161),
    ("resnet50", 0.589307, 0.885714, 0.879310, 0.879310, 0.963546),
    ("inception_v3", 0.540045, 0.877551, 0.930000, 0.801724, 0.951116),
    ("efficientnet_b1", 0.476308, 0.857143, 0.824000, 0.887931, 0.941693),
    ("nasnet", 0.734002, 0.853061, 0.877358, 0.801724, 0.934309),
    ("xception", 0.459689, 0.812245, 0.812500, 0.784483, 0.894179),
)

Recipe = Literal["frozen", "top_blocks", "seed"]
FORMS: tuple[Recipe, ...] = ("frozen", "top_blocks")
NOTEBOOK: tuple[Recipe, ...] = ("seed",)  # its batch norms are trained, so all of it runs on one thread
ROW = "seed_split"  # the row under which every trial is trained
Says = NDArray[np.float64]  # probabilities of damage, (seeds, judged photos)


def run(
    params: Params,
    layout: Layout,
    recipes: Sequence[Recipe] = FORMS,
    seeds: Sequence[int] = SEEDS,
    progress: Progress = silent,
) -> Summary:
    """Train every member of an ensemble by every recipe and seed; write reports/seed_split.csv.

    By `NOTEBOOK` those that the notebook trained too, into reports/seed_split_notebook.csv.

    A score is the mean over the seeds; its interval is of the photos, with all seeds on each resample.
    Raises InputError when the notebook's photos were not scraped, and what a training raises.
    """
    samples = read_split(layout)
    judged = (samples["split"] == "test").to_numpy()
    truth = samples["label"].to_numpy()[judged] == "damaged"
    members = dict.fromkeys(name for names in params.ensembles.values() for name in names)
    if recipes == NOTEBOOK:
        members = {name: None for name, *_ in PUBLISHED if name in members}
    threads = 1 if recipes == NOTEBOOK else params.train.threads
    runtime.start(threads, params.train.seed, params.train.precision)
    said: dict[tuple[str, str], Says] = {}  # by backbone and recipe
    for recipe, name in product(recipes, members):
        trials = [_trial(params, name, recipe, seed) for seed in seeds]
        answers = [_answers(trial, layout, samples, progress) for trial in trials]
        said[name, recipe] = np.stack(answers)[:, judged]
    said |= _means(params.ensembles, said)
    rows = [
        {"backbone": name, "recipe": recipe, **_scores(truth, p, params)}
        for (name, recipe), p in said.items()
    ]
    published = [dict(zip(COLUMNS, (row[0], "published", *row[1:]), strict=False)) for row in PUBLISHED]
    table = pd.DataFrame([*rows, *published], columns=COLUMNS)
    path = layout.reports / file_of(recipes)
    with files.replacing(path) as temp:
        table.round(4).to_csv(temp, index=False, lineterminator="\n")
    best = max(rows, key=lambda row: float(row["auc"]))
    return Summary(
        f"best on the seed's split: {best['backbone']}, {best['recipe']}, ROC AUC {best['auc']:.3f}",
        rows=tuple((f"{row['backbone']}, {row['recipe']}", round(row["auc"], 4)) for row in rows),
        data={"rows": table.astype(object).where(table.notna(), None).to_dict("records")},
    )


def file_of(recipes: Sequence[Recipe]) -> str:
    """Name the table of a run below reports/."""
    return "seed_split_notebook.csv" if recipes == NOTEBOOK else "seed_split.csv"


def _means(
    ensembles: Mapping[str, Sequence[str]], said: Mapping[tuple[str, str], Says]
) -> dict[tuple[str, str], Says]:
    """Take the mean of each ensemble's members by one recipe, and of their better forms."""
    means: dict[tuple[str, str], Says] = {}
    for name, members in ensembles.items():
        better = [(one, "frozen" if one in FROZEN_IS_BETTER else "top_blocks") for one in members]
        forms = {tuple(better): "better"}  # of the same rows as a recipe's mean: that recipe's
        forms |= {tuple((one, recipe) for one in members): recipe for recipe in FORMS}
        for rows, form in forms.items():
            if said.keys() >= set(rows):
                means[name, form] = np.mean([said[row] for row in rows], axis=0)
    return means


def _trial(params: Params, name: str, recipe: Recipe, seed: int) -> Params:
    """Give the parameters of a board of one row."""
    row = BackboneRow(
        weights="imagenet", builder=name, recipe=recipe, epochs=EPOCHS if recipe == "top_blocks" else None
    )
    train = params.train.model_copy(update={"seed": seed})
    return params.model_copy(update={"backbones": {ROW: row}, "train": train})


def _answers(trial: Params, layout: Layout, samples: pd.DataFrame, progress: Progress) -> NDArray[np.float64]:
    """Train the row; what that says of every photo (of those it learned from: nothing)."""
    task = make_task(trial, layout, ROW, samples, progress)
    said = RECIPES[task.recipe](task).p_calibrated()[:, 0]
    shutil.rmtree(task.checkpoint.parent, ignore_errors=True)
    return said


def _scores(truth: NDArray[np.bool_], says: Says, params: Params) -> dict[str, Any]:
    counts = [metrics.confusion(truth, p, 0.5) for p in says]
    cases = metrics.Cases(truth, np.zeros(len(truth), np.int64), np.arange(len(truth)))
    draws = intervals.bootstrap_auc(cases, says, draws=params.report.bootstrap, seed=params.report.seed)
    low, high = intervals.percentile_interval(draws.mean(axis=1, keepdims=True), params.report.confidence)
    return {
        "loss": np.mean([metrics.log_loss(truth, p) for p in says]),
        "accuracy": np.mean([one.accuracy for one in counts]),
        "precision": np.mean([one.precision for one in counts]),
        "recall": np.mean([one.recall for one in counts]),
        "auc": np.mean([metrics.within_fold_auc(cases, p) for p in says]),
        "auc_low": low[0],
        "auc_high": high[0],
    }
