"""What the report rests on: the manifest and every backbone's out-of-fold predictions of it.

A backbone whose predictions are missing, unreadable or of another dataset is a failure with its reason,
never a guess: all models on the board answered the same pictures.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wreck_core import files, images
from wreck_core.errors import ImageRejectedError, InputError, StorageError
from wreck_core.evaluation import baselines
from wreck_core.evaluation.metrics import Cases, Vector
from wreck_core.files import read_json
from wreck_core.layout import Layout
from wreck_core.params import Params

_DECODERS = 4  # threads; OpenCV decodes outside the interpreter's lock


@dataclass(frozen=True)
class Answers:
    """One model's probabilities of the positive class, float (n,), in the order of the cases.

    `p_raw` ranks, `p` (calibrated) is judged as a probability. `facts` is its metrics.json; `test` holds its
    rows for the locked test fold, with columns truth, cluster and p_raw.
    """

    name: str
    p_raw: Vector
    p: Vector
    facts: dict[str, Any] = field(default_factory=dict)
    test: pd.DataFrame | None = None


@dataclass(frozen=True)
class Failure:
    """A row of the board without predictions; `fix` may be empty."""

    name: str
    reason: str
    fix: str = ""


@dataclass(frozen=True)
class Evidence:
    """Everything that the board is computed from.

    `pictures` has one row per case, in order: the manifest's columns and the candidate's facts;
    `manifest` is whole, with the locked test fold. A failed baseline stands in `baseline_failures`.
    """

    pictures: pd.DataFrame
    manifest: pd.DataFrame
    cases: Cases
    models: list[Answers]
    failures: list[Failure]
    baselines: list[Answers]
    baseline_failures: list[Failure]


def read(params: Params, layout: Layout) -> Evidence:
    """Read manifest, candidates and the predictions of every backbone that params.yaml names.

    Raises InputError when there is no manifest or nothing in it can be ranked.
    """
    manifest = _manifest(layout)
    manifest["truth"] = manifest["label"] == params.labels.positive
    pictures = manifest[manifest["split"] == "fold"].merge(_facts(layout), on="sha256", how="left")
    pictures = pictures.merge(_annotators(layout), on="sha256", how="left")
    cases = Cases(
        truth=pictures["truth"].to_numpy(bool),
        fold=pictures["fold"].to_numpy(np.int64),
        cluster=pd.factorize(pictures["cluster"])[0].astype(np.int64),
    )
    if not cases.two_sided:
        raise InputError(
            f"holds no two classes to tell apart (positive: {params.labels.positive})",
            where=str(layout.manifest),
            fix="label pictures of both classes, then run `wreck dataset`",
        )
    outcomes = [_backbone(name, layout, manifest) for name in params.backbones]
    known = [_metadata_only(cases, pictures), _colour_only(cases, pictures, layout)]
    chance = baselines.majority(cases)
    return Evidence(
        pictures=pictures,
        manifest=manifest,
        cases=cases,
        models=[outcome for outcome in outcomes if isinstance(outcome, Answers)],
        failures=[outcome for outcome in outcomes if isinstance(outcome, Failure)],
        baselines=[
            Answers("majority", chance, chance),
            *(outcome for outcome in known if isinstance(outcome, Answers)),
        ],
        baseline_failures=[outcome for outcome in known if isinstance(outcome, Failure)],
    )


def _manifest(layout: Layout) -> pd.DataFrame:
    try:
        return files.read_table(layout.manifest).sort_values("sha256", ignore_index=True)
    except FileNotFoundError:
        raise InputError(
            "there is no dataset yet", where=str(layout.manifest), fix="run `wreck dataset` first"
        ) from None


def _facts(layout: Layout) -> pd.DataFrame:
    """File facts of each picture, from the first URL that led to it; empty without candidates."""
    columns = ["sha256", "url", "bytes", "format", "width", "height", "brightness"]
    if not layout.candidates.exists():
        return pd.DataFrame(columns=columns)
    return files.read_table(layout.candidates, columns=columns).drop_duplicates("sha256")


def _annotators(layout: Layout) -> pd.DataFrame:
    """Who gave each final label; empty without labels.csv."""
    columns = ["sha256", "annotator"]
    if not layout.labels.exists():
        return pd.DataFrame(columns=columns, dtype=str)
    return pd.read_csv(layout.labels, usecols=columns, dtype=str, keep_default_na=False)


def _backbone(name: str, layout: Layout, manifest: pd.DataFrame) -> Answers | Failure:
    folder = layout.model(name)
    if failure := layout.failure(name):
        told = read_json(failure)
        return Failure(name, str(told.get("reason", "no reason was given")), str(told.get("fix", "")))
    try:
        facts = read_json(folder / "metrics.json")
        predictions = files.read_table(folder / "oof.parquet")
    except FileNotFoundError as missing:
        where = layout.relative(folder / Path(missing.filename).name)
        return Failure(name, f"was not trained: there is no {where}", f"run `dvc repro train@{name}`")
    joined = manifest.merge(predictions, on="sha256", how="outer", suffixes=("", "_then"), indicator=True)
    same = (joined["_merge"] == "both") & (joined["fold"] == joined["fold_then"])
    if not (same & (joined["truth"] == (joined["label_then"] == 1))).all():
        return Failure(name, "was trained on another dataset than today's", f"run `dvc repro train@{name}`")
    joined = joined.sort_values("sha256", ignore_index=True)
    if not np.isfinite(joined[["p_raw", "p_calibrated"]].to_numpy(np.float64)).all():
        return Failure(name, "predicted NaN for some pictures", f"run `wreck train {name}` and look")
    judged, locked = joined[joined["split"] == "fold"], joined[joined["split"] == "test"]
    return Answers(
        name=name,
        p_raw=judged["p_raw"].to_numpy(np.float64),
        p=judged["p_calibrated"].to_numpy(np.float64),
        facts=facts,
        test=locked[["truth", "cluster", "p_raw"]],
    )


def _metadata_only(cases: Cases, pictures: pd.DataFrame) -> Answers | Failure:
    if pictures["width"].isna().any():
        return Failure("metadata-only", "data/candidates.parquet does not hold every picture's size")
    p = baselines.logistic(cases, baselines.metadata_features(pictures))
    return Answers("metadata-only", p, p)


def _colour_only(cases: Cases, pictures: pd.DataFrame, layout: Layout) -> Answers | Failure:
    paths = [layout.root / path for path in pictures["path"]]
    try:
        with ThreadPoolExecutor(_DECODERS) as pool:
            rows = list(
                pool.map(
                    lambda path: baselines.colour_features(images.load(path, enough_px=baselines.SIDE_PX)),
                    paths,
                )
            )
    except (ImageRejectedError, StorageError) as error:
        return Failure("colour-only", f"a picture cannot be read: {error.where}", "run `dvc checkout`")
    p = baselines.logistic(cases, np.stack(rows))
    return Answers("colour-only", p, p)
