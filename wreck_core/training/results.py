"""What a finished training leaves besides the model: the out-of-fold table, the card, the metrics."""

from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pandas as pd

from wreck_core import files
from wreck_core.evaluation import metrics
from wreck_core.training import (
    auc,
    features,
    golden,
    graph,
    in_distribution,
    model_card,
    model_file,
    other_sources,
    runtime,
)
from wreck_core.training.features import Forward
from wreck_core.training.latency import latencies_ms
from wreck_core.training.pictures import load_squares
from wreck_core.training.recipe import FINAL, Outcome, Task
from wreck_core.training.runtime import keras

THRESHOLD = 0.5
SCORES = ("n_images", "roc_auc", "roc_auc_low", "roc_auc_high", "log_loss", "accuracy")
LOSSES = ("log_loss", "loss", "held_out_loss")  # last in history.csv: DVC plots the last column
THRESHOLD_RULE = "p >= 0.5: both errors cost the same, and p is calibrated inside the training folds"


@dataclass(frozen=True)
class Origin:
    """What a training started from: the moment (of `time.monotonic`), and the inputs by their hashes."""

    started: float
    git_sha: str
    data_rev: str
    fingerprint: dict[str, str]


def write(task: Task, outcome: Outcome, folder: Path, origin: Origin) -> dict[str, Any]:
    """Write the model and all that is known of it into `folder`, metrics.json last; give its contents."""
    (folder / "model.json").unlink(missing_ok=True)  # nobody reads the new model by the card of an old one
    model = model_file.assemble(outcome.network, outcome.final_temperature, task.name)
    model_file.save(model, folder / "model.keras")
    forward = features.compiled(model)
    golden.write(folder / "golden.json", forward, task.input_px)
    in_distribution.save(known(task, outcome, model), folder / "in_distribution.npz")
    table = out_of_fold(task, outcome)
    record = {
        **facts(task, outcome),
        **scores(table, task.params.seed),
        **costs(forward, folder / "model.keras", task.input_px),
        "fit_s": round(monotonic() - origin.started, 2),
        "git_sha": origin.git_sha,
        "data_rev": origin.data_rev,
        "versions": runtime.versions(),
        "fingerprint": origin.fingerprint,
    }
    card = model_json(task, record)
    files.write_json(folder / "model.json", card)
    files.write_text(folder / "model_card.md", model_card.write(card, record))
    with files.replacing(folder / "history.csv") as temp:
        columns = sorted(outcome.history, key=lambda name: LOSSES.index(name) if name in LOSSES else -1)
        outcome.history[columns].to_csv(temp, index=False, lineterminator="\n")
    with files.replacing(folder / "oof.parquet") as temp:
        table.to_parquet(temp, index=False)
    files.write_json(folder / "metrics.json", record)
    return record


def out_of_fold(task: Task, outcome: Outcome) -> pd.DataFrame:
    """One row per sample, by sha256: what the model that has not seen it says of the positive class.

    Rows with fold -1 are the locked test part, answered by the final model.
    """
    column, samples = task.classes.index(task.positive), task.samples
    return pd.DataFrame(
        {
            "sha256": samples["sha256"],
            "cluster": samples["cluster"],
            "source": samples["source"],
            "fold": np.where(samples["split"] == "fold", samples["fold"], FINAL).astype(np.int64),
            "seed": task.params.seed,
            "label": (samples["label"] == task.positive).astype(np.int64),
            "p_raw": outcome.p_raw()[:, column],
            "p_calibrated": outcome.p_calibrated()[:, column],
            "backbone": task.name,
            "weights_sha256": outcome.weights_sha256,
        }
    )


def known(task: Task, outcome: Outcome, model: Any) -> in_distribution.Known:
    """Learn what the pictures that the model was trained on look like to it."""
    rows = np.flatnonzero(task.samples["split"] == "fold")
    samples = task.samples.iloc[rows]
    if outcome.features is not None:
        return in_distribution.fit(outcome.features[rows], samples["fold"].to_numpy())
    forward = features.compiled(keras.Model(model.input, graph.features(model)))
    batches = [samples.iloc[at : at + task.params.batch] for at in range(0, len(samples), task.params.batch)]
    vectors = [forward(load_squares(task.root, batch, task.input_px)) for batch in batches]
    return in_distribution.fit(np.concatenate(vectors), samples["fold"].to_numpy())


def scores(table: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Score the out-of-fold rows (not the locked test part) at the threshold; `seed` is the interval's."""
    rows = table[table["fold"] != FINAL]
    truth, p = rows["label"].to_numpy() == 1, rows["p_calibrated"].to_numpy()
    cases = metrics.Cases(truth, rows["fold"].to_numpy(), pd.factorize(rows["cluster"])[0])
    roc_auc, low, high = auc.with_interval(cases, p, seed)
    return {
        "n_images": len(rows),
        "roc_auc": roc_auc,
        "roc_auc_low": low,
        "roc_auc_high": high,
        "log_loss": metrics.log_loss(truth, p),
        "accuracy": metrics.confusion(truth, p, THRESHOLD).accuracy,
    }


def facts(task: Task, outcome: Outcome) -> dict[str, Any]:
    """Say what was trained, on what weights, with what choices."""
    return {
        "backbone": task.name,
        "builder": task.backbone.name,
        "recipe": outcome.recipe,
        "compared": outcome.compared,
        "learning_curve": outcome.learning_curve,
        "leave_one_source_out": outcome.other_sources
        or other_sources.absent(f"the recipe {outcome.recipe} keeps no frozen features"),
        "weights": task.row.weights,
        "weights_source": task.weights.source,
        "weights_sha256": outcome.weights_sha256,
        "input_px": task.input_px,
        "params_m": round(outcome.network.count_params() / 1e6, 3),
        "threads": task.threads,
        "seed": task.params.seed,
        "threshold": THRESHOLD,
        "threshold_rule": THRESHOLD_RULE,
        "temperature": outcome.final_temperature,
        "c": outcome.c,
    }


def costs(forward: Forward, path: Path, side_px: int) -> dict[str, Any]:
    """Measure what using and making the model takes."""
    p50, p95 = latencies_ms(forward, side_px)
    return {
        "size_mb": round(path.stat().st_size / 1e6, 2),
        "ms_per_image_p50": round(p50, 2),
        "ms_per_image_p95": round(p95, 2),
        "peak_rss_mb": round(runtime.peak_rss_mb()),
    }


def model_json(task: Task, record: dict[str, Any]) -> dict[str, Any]:
    """Say what somebody who holds only the model must know; `record` is its metrics.json."""
    return {
        "backbone": task.name,
        "classes": list(task.classes),
        "positive": task.positive,
        "threshold": record["threshold"],
        "threshold_rule": record["threshold_rule"],
        "temperature": record["temperature"],
        "input": {
            "width_px": task.input_px,
            "height_px": task.input_px,
            "channels": "RGB",
            "dtype": "uint8",
            "range": [0, 255],
            "resize": "area when shrinking, cubic when growing; the aspect is not kept",
        },
        "output": "probabilities, one per class in the order of `classes`",
        "metrics": {name: record[name] for name in SCORES},
        "citation": task.backbone.citation,
        "weights_sha256": record["weights_sha256"],
        "data_rev": record["data_rev"],
        "git_sha": record["git_sha"],
        "versions": runtime.versions(),
    }
