"""Train one backbone over the folds: manifest → models/<backbone>/."""

import hashlib
import json
import shutil
from dataclasses import replace
from time import monotonic

import pandas as pd

from wreck_core import files, provenance
from wreck_core.errors import UsageError, WreckError
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.summary import Progress, Summary, silent
from wreck_core.training import (
    auto,
    frozen,
    pictures,
    results,
    runtime,
    scratch,
    seed,
    top_blocks,
    weights,
)
from wreck_core.training.recipe import Task, check_enough, check_row

RECIPES = {
    "auto": auto.fit,
    "frozen": frozen.fit,
    "top_blocks": top_blocks.fit,
    "full": top_blocks.fit,
    "seed": seed.fit,
    "scratch": scratch.fit,
}


def run(params: Params, layout: Layout, backbone: str, progress: Progress = silent) -> Summary:
    """Train the row `backbone` of params.yaml.

    Whatever goes wrong with it, the reason is left in failed.json for the board before it is raised.
    Raises what the row's weights, data or disk raise; and before all, UsageError for a name that is no row,
    BusyError while another process trains it.
    """
    if backbone not in params.backbones:
        raise UsageError(
            f"there is no backbone {backbone} in params.yaml",
            fix=f"use one of {', '.join(params.backbones)}, or add a row",
        )
    failed, metrics = (layout.model(backbone) / name for name in ("failed.json", "metrics.json"))
    with files.locked(layout.locks, f"train@{backbone}"):
        for earlier in (failed, metrics):  # who has metrics was trained, also when DVC puts them back
            earlier.unlink(missing_ok=True)
        try:
            return _train(params, layout, backbone, progress)
        except Exception as error:
            files.write_json(failed, {"backbone": backbone, **_explain(error)})
            raise


def _explain(error: Exception) -> dict[str, str]:
    if isinstance(error, WreckError):
        return {"reason": error.reason, "fix": error.fix}
    first_line = str(error).strip().partition("\n")[0]
    return {"reason": f"{type(error).__name__}: {first_line}", "fix": "run `wreck --debug train` on it"}


def _train(params: Params, layout: Layout, name: str, progress: Progress) -> Summary:
    origin = results.Origin(
        started=monotonic(),
        git_sha=provenance.git_sha(layout.root),
        data_rev=provenance.data_rev(layout),
        fingerprint=provenance.fingerprint(layout, f"train@{name}"),
    )
    samples = pictures.read_samples(layout, params.labels.classes)
    task = resumable(make_task(params, layout, name, samples, progress), layout)
    check_enough(task)
    runtime.start(task.threads, params.train.seed, params.train.precision)
    outcome = RECIPES[task.recipe](task)

    record = results.write(task, outcome, layout.model(name), origin)
    shutil.rmtree(task.checkpoint.parent, ignore_errors=True)
    shown = ("roc_auc", "accuracy", "log_loss", "ms_per_image_p50", "fit_s")
    return Summary(
        f"{name}: out-of-fold ROC AUC {record['roc_auc']:.3f} on {record['n_images']:,} pictures",
        rows=tuple((column, round(record[column], 4)) for column in shown),
        data=record,
    )


def make_task(params: Params, layout: Layout, name: str, samples: pd.DataFrame, progress: Progress) -> Task:
    """Bring a row together with its samples (as `read_samples` gives them) and its weights."""
    row = params.backbones[name]
    backbone = weights.choose(name, row, layout.root)
    check_row(name, row, backbone)
    dirs = weights.folders(params.weights, layout.root)
    return Task(
        name=name,
        row=row,
        backbone=backbone,
        weights=weights.resolve(backbone, row.weights, dirs, layout.root, params.weights.mirror),
        classes=tuple(params.labels.classes),
        positive=params.labels.positive,
        samples=samples,
        params=params.train,
        root=layout.root,
        features=layout.features,
        checkpoint=layout.checkpoints / f"train@{name}",
        progress=progress,
    )


def resumable(task: Task, layout: Layout) -> Task:
    """Give a task the checkpoint of its very inputs: code, data and weights too."""
    settings = [task.name, task.row.model_dump(), task.params.model_dump(), task.classes]
    inputs = [task.samples.to_csv(index=False), task.weights.sha256(), provenance.code(layout, "train")]
    key = hashlib.sha256(json.dumps([*settings, *inputs, runtime.versions()]).encode()).hexdigest()
    return replace(task, checkpoint=task.checkpoint / key[:16])
