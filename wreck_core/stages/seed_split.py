"""The seed notebook's own split (982 photos to learn from, 245 to judge) under our recipes, beside its table.

Nothing is chosen by these 245 photos: epochs and strengths stood before, the means are the board's own
ensembles, and `as shipped` takes each member in the form that its row in params.yaml has.
"""

from collections.abc import Mapping, Sequence
from itertools import chain, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core import files
from wreck_core.dataset.seed_photos import PUBLISHED, leak, read_split
from wreck_core.evaluation import intervals, metrics
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import seed_trials
from wreck_core.stages.seed_trials import Recipe
from wreck_core.summary import Progress, Summary, silent
from wreck_core.training import runtime
from wreck_core.training.auto import BOTH, mean_log_odds
from wreck_core.training.recipe import Task

SEEDS = (29, 30, 31)
COLUMNS = ["backbone", "recipe", "loss", "accuracy", "precision", "recall", "auc", "auc_low", "auc_high"]
FORMS: tuple[Recipe, ...] = ("frozen", "top_blocks")
NOTEBOOK: tuple[Recipe, ...] = ("seed",)  # its batch norms are trained, so all of it runs on one thread
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
    What a trial said is kept until all have, so a kill costs one epoch of one.
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
    trials: dict[tuple[str, str], list[Task]] = {}  # by backbone and recipe
    for recipe, name in product(recipes, members):
        boards = [seed_trials.board(params, name, recipe, seed) for seed in seeds]
        trials[name, recipe] = [seed_trials.make(board, layout, samples, progress) for board in boards]
    said: dict[tuple[str, str], Says] = {}
    for one, tasks in trials.items():
        said[one] = np.stack([seed_trials.answers(task) for task in tasks])[:, judged]
    if set(FORMS) <= set(recipes):
        said |= {(name, BOTH): mean_log_odds([said[name, form] for form in FORMS]) for name in members}
    said |= _means(params, said)
    keys = ("backbone", "recipe")
    rows = [dict(zip(keys, one, strict=True)) | _scores(truth, p, params) for one, p in said.items()]
    path = layout.reports / ("seed_split_notebook.csv" if recipes == NOTEBOOK else "seed_split.csv")
    table = _write(rows, path)
    seed_trials.forget(chain.from_iterable(trials.values()))
    best = max(rows, key=lambda row: row["auc"])
    return Summary(
        f"best on the seed's split: {best['backbone']}, {best['recipe']}, ROC AUC {best['auc']:.3f}",
        rows=tuple((f"{row['backbone']}, {row['recipe']}", round(row["auc"], 4)) for row in rows),
        notes=(leak(layout, samples), f"the table lies in {path}"),
        data={"rows": table.astype(object).where(table.notna(), None).to_dict("records")},
    )


def _means(params: Params, said: Mapping[tuple[str, str], Says]) -> dict[tuple[str, str], Says]:
    """Take the mean of each ensemble's members by one recipe, and as their rows in params.yaml are."""
    means: dict[tuple[str, str], Says] = {}
    for (name, members), form in product(params.ensembles.items(), (*FORMS, "as shipped")):
        rows = [(one, _shipped(params, one) if form == "as shipped" else form) for one in members]
        if said.keys() >= set(rows):
            means[name, form] = np.mean([said[row] for row in rows], axis=0)
    return means


def _shipped(params: Params, name: str) -> str:
    """Say what a row is here. `auto` is both, which it takes for each of them on folds inside the 982."""
    recipe = row.recipe if (row := params.backbones.get(name)) else None
    return BOTH if recipe == "auto" else recipe or "frozen"


def _write(rows: Sequence[dict[str, Any]], path: Path) -> pd.DataFrame:
    """Write our rows and the published ones below them."""
    published = [dict(zip(COLUMNS, (row[0], "published", *row[1:]), strict=False)) for row in PUBLISHED]
    table = pd.DataFrame([*rows, *published], columns=COLUMNS)
    with files.replacing(path) as temp:
        table.round(4).to_csv(temp, index=False, lineterminator="\n")
    return table


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
