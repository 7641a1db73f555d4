"""Stage `dataset`: labels and clusters → manifest.parquet, folds.csv and dataset.json."""

from typing import Any

import pandas as pd

from wreck_core import files, provenance
from wreck_core.dataset import folds, manifest
from wreck_core.dataset import labels as label_file
from wreck_core.errors import GateError, InputError
from wreck_core.layout import Layout
from wreck_core.params import NEVER_TRAINED, Params
from wreck_core.summary import Summary


def run(params: Params, layout: Layout) -> Summary:
    """Choose the pictures that train, and give each a fold for ever.

    Raises InputError when a stage before has not run or nothing is labelled, GateError when a fold
    would lack a class or a cluster would lie in two folds.
    """
    fingerprint = provenance.fingerprint(layout, "dataset")
    for path, command in ((layout.candidates, "scrape LIST"), (layout.duplicates, "dedup")):
        if not path.exists():
            raise InputError("is missing", where=str(path), fix=f"run wreck {command} first")
    classes = params.labels.classes
    candidates, duplicates = files.read_table(layout.candidates), files.read_table(layout.duplicates)
    labels = label_file.read(layout.labels, classes)
    kept = manifest.narrow(candidates, duplicates, labels, classes)
    if kept.used.empty:
        raise InputError(
            "no picture has a label that trains",
            where=str(layout.labels),
            fix="run wreck labels import LIST, or wreck label",
        )
    rows = folds.extend(
        folds.read(layout.folds, params.dataset.folds),
        kept.used,
        manifest.clusters(duplicates),
        params.dataset,
    )
    table = manifest.build(kept.used, rows, params.dataset.crop)
    folds.check(table, classes, params.dataset)
    leaks = manifest.leaks(table, duplicates)
    if leaks:
        raise GateError(
            f"{leaks} pairs or clusters of the same picture lie in two folds",
            where=str(layout.folds),
            fix="take the file back from git, then run again",
        )
    with files.replacing(layout.folds) as temp:
        rows.to_csv(temp, index=False, lineterminator="\n")
    with files.replacing(layout.manifest) as temp:
        table.to_parquet(temp, index=False)
    record = {
        "funnel": _funnel(layout, candidates, kept),
        **_count_labels(table, labels, classes),
        "clusters": int(table.cluster.nunique()),
        "sources": int(table.source.nunique()),
        "conflicts": manifest.conflicts(duplicates),
        "leaks": leaks,
    }
    files.write_json(layout.dataset_json, {**record, "fingerprint": fingerprint})
    return _summary(record)


def count_new(params: Params, layout: Layout) -> int:
    """Count the pictures that would train anew, under another label, or no more, if this stage ran now.

    0 before the stages ahead have run.
    """
    if not (layout.candidates.exists() and layout.duplicates.exists()):
        return 0
    classes = params.labels.classes
    candidates, duplicates = files.read_table(layout.candidates), files.read_table(layout.duplicates)
    used = manifest.narrow(candidates, duplicates, label_file.read(layout.labels, classes), classes).used
    now = set(zip(used.sha256, used.label, strict=True))
    then = set[tuple[str, str]]()
    if layout.manifest.exists():
        trained = files.read_table(layout.manifest, columns=["sha256", "label"])
        then = set(zip(trained.sha256, trained.label, strict=True))
    return len({sha256 for sha256, _ in now ^ then})


def _funnel(layout: Layout, candidates: pd.DataFrame, kept: manifest.Narrowed) -> dict[str, int]:
    """Count the pictures at each step; no step has more than the one before."""
    scrape = files.read_json(layout.scrape_json) if layout.scrape_json.exists() else {}
    return {
        "urls": int(scrape.get("total", len(candidates))),
        "fetched": len(candidates),
        "unique": len(kept.unique),
        "labelled": len(kept.labelled),
        "used": len(kept.used),
    }


def _count_labels(table: pd.DataFrame, labels: pd.DataFrame, classes: list[str]) -> dict[str, Any]:
    return {
        "labels": {label: int((table.label == label).sum()) for label in classes},
        "not_trained": {label: int((labels.label == label).sum()) for label in NEVER_TRAINED},
        "folds": {
            "test" if fold == folds.TEST_FOLD else str(fold): {
                label: int((part.label == label).sum()) for label in classes
            }
            for fold, part in table.groupby("fold")
        },
    }


def _summary(record: dict[str, Any]) -> Summary:
    used, labels = record["funnel"]["used"], record["labels"]
    conflicts = record["conflicts"]
    return Summary(
        f"{used:,} pictures train: " + ", ".join(f"{many:,} {label}" for label, many in labels.items()),
        rows=(*record["funnel"].items(), ("clusters", record["clusters"]), ("conflicts", conflicts)),
        notes=(f"{conflicts} pictures or clusters with contradicting labels stay out",) if conflicts else (),
        data=record,
    )
