"""Which rows and means of rows are better, by folds inside the seed split's 982 photos to learn from.

    python -m benchmarks.folds WORKSPACE [--recipes frozen top_blocks] [--px 320] [--draws 3] [--json]

WORKSPACE is that of `make real`. The 245 judged photos are left out before anything is trained, so that
choices can be made here. Near-duplicates share a fold; each draw has folds and a seed of its own.
`last layer` is a frozen row without the earlier layer that its features have beside the last. `both` is the
mean of the other two's log-odds, without a temperature of its own. A tie is of the rows in their best forms:
the leader and all that are not measurably worse, as on the board.
"""

import shutil
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks import machine
from wreck_core import params as params_module
from wreck_core.dataset import manifest
from wreck_core.dataset.seed_photos import read_split
from wreck_core.evaluation import intervals, metrics
from wreck_core.layout import Layout
from wreck_core.params import BackboneRow, Params, ReportParams
from wreck_core.stages.seed_split import EPOCHS, Recipe
from wreck_core.stages.train import RECIPES, make_task, resumable
from wreck_core.summary import silent
from wreck_core.training import runtime
from wreck_core.training.auto import BOTH, mean_log_odds
from wreck_core.training.head import inner_folds

BACKBONES = ("mobilenet_v2", "efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2", "mobilenet")
FORMS = ("last layer", "frozen", "top_blocks")
FOLDS = 4
BEST_MEANS = 12  # shown, of all that can be made


@dataclass(frozen=True)
class Draws:
    """The photos, and of each seed the fold (N,) that each is in."""

    photos: pd.DataFrame
    folds: dict[int, NDArray[np.int64]]


Says = dict[tuple[str, str], NDArray[np.float64]]  # p of damage (draws, photos) by backbone and form


def main() -> int:
    """Train every row on every draw and print the rows, then the best means of them."""
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--backbones", nargs="+", default=list(BACKBONES), choices=BACKBONES)
    parser.add_argument("--recipes", nargs="+", default=["last layer", "frozen"], choices=FORMS)
    parser.add_argument("--px", type=int, help="side of the pictures, in place of each backbone's own")
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    layout = Layout(asked.workspace.resolve())
    settings = params_module.load(layout.params)
    runtime.start(settings.train.threads, settings.train.seed)
    photos = to_learn_from(layout)
    seeds = range(settings.train.seed, settings.train.seed + asked.draws)
    draws = Draws(photos, {seed: draw_folds(photos, seed) for seed in seeds})
    said: Says = {}
    for name, form in product(asked.backbones, asked.recipes):
        said[name, form] = answers(settings, layout, name, form, asked.px, draws)
        print(f"{name} {form}: {_scores('', said[name, form], draws)['roc_auc']}", file=sys.stderr)
    if {"frozen", "top_blocks"} <= set(asked.recipes):
        said |= {
            (name, BOTH): mean_log_odds([said[name, form] for form in ("frozen", "top_blocks")])
            for name in asked.backbones
        }
    about = machine.describe("tensorflow", "scikit-learn")
    about |= {"photos": str(len(photos)), "folds": str(FOLDS), "draws": str(asked.draws)}
    about |= {"side": f"{asked.px} px" if asked.px else "each backbone's own"}
    machine.show([*table(said, draws), *ties(said, draws, settings.report)], about, as_json=asked.json)
    return 0


def to_learn_from(layout: Layout) -> pd.DataFrame:
    """List the photos that the seed's split does not judge; near-duplicates share a cluster."""
    photos = read_split(layout)
    photos = photos[photos["split"] != "test"].reset_index(drop=True)
    cluster = manifest.clusters(pd.read_parquet(layout.duplicates))
    return photos.assign(cluster=[cluster.get(sha, sha) for sha in photos["sha256"]])


def draw_folds(photos: pd.DataFrame, seed: int) -> NDArray[np.int64]:
    """Give every photo a fold (N,), clusters whole."""
    fold = np.empty(len(photos), np.int64)
    drawn = inner_folds(photos["target"].to_numpy(), photos["cluster"].tolist(), FOLDS, seed)
    for number, (_, held_out) in enumerate(drawn):
        fold[held_out] = number
    return fold


def answers(
    settings: Params, layout: Layout, name: str, form: str, px: int | None, draws: Draws
) -> NDArray[np.float64]:
    """Train a row on every draw; what it says of the photos that a fold has not seen, (draws, photos)."""
    recipe: Recipe = "top_blocks" if form == "top_blocks" else "frozen"
    row = BackboneRow(weights="imagenet", builder=name, recipe=recipe, epochs=EPOCHS, input_px=px)
    said = []
    for seed, fold in draws.folds.items():
        train = settings.train.model_copy(update={"seed": seed})
        drawn = settings.model_copy(update={"backbones": {name: row}, "train": train})
        task = resumable(make_task(drawn, layout, name, draws.photos.assign(fold=fold), silent), layout)
        if form == "last layer":
            task = replace(task, backbone=replace(task.backbone, also=""))
        said.append(RECIPES[task.recipe](task).p_calibrated()[:, 0])
        shutil.rmtree(task.checkpoint, ignore_errors=True)
    return np.stack(said)


def table(said: Says, draws: Draws) -> Iterator[dict[str, Any]]:
    """Score each row, then the best means of two rows and more."""
    yield from (_scores(" ".join(key), p, draws) for key, p in said.items())
    forms = [key for key in said if key[1] != "last layer"]
    means = [
        _scores(
            "mean: " + ", ".join(map(" ".join, some)), np.mean([said[key] for key in some], axis=0), draws
        )
        for many in range(2, len(forms) + 1)
        for some in combinations(forms, many)
        if len({name for name, _ in some}) == many
    ]
    yield from sorted(means, key=lambda row: row["roc_auc"], reverse=True)[:BEST_MEANS]


def ties(said: Says, draws: Draws, settings: ReportParams) -> Iterator[dict[str, Any]]:
    """Of each draw, score the mean of the rows that tie with the best, each in the form of lower log-loss."""
    truth = (draws.photos["target"] == 0).to_numpy()
    cluster = pd.factorize(draws.photos["cluster"])[0]
    for at, (seed, fold) in enumerate(draws.folds.items()):
        best: dict[str, tuple[float, str]] = {}
        for (name, form), p in said.items():
            if form != "last layer":
                best[name] = min(best.get(name, (np.inf, "")), (log_loss(truth, p[at]), form))
        rows = [(name, form) for name, (_, form) in best.items()]
        answers = np.stack([said[row][at] for row in rows])
        cases = metrics.Cases(truth, fold, cluster)
        auc = np.array([metrics.within_fold_auc(cases, p) for p in answers])
        resamples = intervals.bootstrap_auc(cases, answers, draws=settings.bootstrap, seed=settings.seed)
        compared = intervals.compare(auc, resamples, settings.confidence)
        tied = intervals.tie_groups(auc, compared.p_adjusted, 1 - settings.confidence) == 1
        one = Draws(draws.photos, {seed: fold})
        names = ", ".join(" ".join(row) for row, ties in zip(rows, tied, strict=True) if ties)
        yield _scores(f"tie: {names}", answers[tied].mean(axis=0)[None], one)


def _scores(name: str, says: NDArray[np.float64], draws: Draws) -> dict[str, Any]:
    """ROC AUC as the mean of the folds, of each draw and of all; the rest over all photos and draws."""
    truth = (draws.photos["target"] == 0).to_numpy()
    auc = [
        np.mean([roc_auc_score(truth[fold == one], p[fold == one]) for one in range(FOLDS)])
        for fold, p in zip(draws.folds.values(), says, strict=True)
    ]
    return {
        "rows": name,
        "roc_auc": f"{np.mean(auc):.4f}",
        "of each draw": " ".join(f"{one:.4f}" for one in auc),
        "accuracy": f"{np.mean((says >= 0.5) == truth):.3f}",
        "log_loss": f"{np.mean([log_loss(truth, p) for p in says]):.3f}",
    }


if __name__ == "__main__":
    sys.exit(main())
