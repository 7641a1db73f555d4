"""What duplicates flatter: one frozen row on three ways to split the same photos.

`python -m benchmarks.leak WORKSPACE [--backbone NAME]` on a workspace that was scraped, labelled and
de-duplicated. The same features and the same head, five folds, under several seeds: folds drawn by picture
with every duplicate in; folds drawn by cluster with every duplicate in; folds by cluster without them.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from benchmarks import machine
from wreck_core import params as params_module
from wreck_core.dataset import manifest
from wreck_core.inference import opinion
from wreck_core.layout import Layout
from wreck_core.stages.train import make_task
from wreck_core.summary import silent
from wreck_core.training import runtime

FOLDS, SEEDS = 5, 10


def main() -> int:
    """Measure and print the three rows."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--backbone", default="mobilenet_v2")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = study(Layout(asked.workspace.resolve()), asked.backbone)
    about = machine.describe("scikit-learn", "tensorflow") | {"backbone": asked.backbone, "seeds": SEEDS}
    machine.show(rows, about, as_json=asked.json)
    return 0


def study(layout: Layout, backbone: str) -> list[dict[str, Any]]:
    """Score the three ways to split: one row each."""
    settings = params_module.load(layout.params)
    pictures = labelled(layout, settings.labels.classes)
    runtime.start(settings.train.threads, settings.train.seed)
    features = opinion.look(make_task(settings, layout, backbone, pictures, silent))
    clusters = pictures.cluster.to_numpy()
    everything = np.arange(len(pictures))
    unique = np.flatnonzero(~pictures.duplicate)
    ways = {
        "folds by picture, duplicates in": (everything, False),
        "folds by cluster, duplicates in": (everything, True),
        "folds by cluster, duplicates out": (unique, True),
    }
    return [
        {"split": name, **_score(features[rows], pictures.target.to_numpy()[rows], clusters[rows], grouped)}
        for name, (rows, grouped) in ways.items()
    ]


def labelled(layout: Layout, classes: list[str]) -> pd.DataFrame:
    """List each picture of distinct bytes with a label: sha256, path, box, target, cluster, duplicate."""
    said = pd.read_csv(layout.labels)
    said = said[said.label.isin(classes)]
    duplicates = pd.read_parquet(layout.duplicates)
    cluster = manifest.clusters(duplicates)
    dropped = set(duplicates.sha256[(duplicates.decision == "drop") & (duplicates["transform"] != "bytes")])
    table = pd.read_parquet(layout.candidates, columns=["sha256", "path"]).drop_duplicates("sha256")
    table = table.merge(said[["sha256", "label"]], on="sha256").sort_values("sha256", ignore_index=True)
    return table.assign(
        box=pd.Series([None] * len(table), dtype=object),
        target=[classes.index(label) for label in table.label],
        cluster=[cluster.get(sha, sha) for sha in table.sha256],
        duplicate=table.sha256.isin(dropped),
    )


def _score(
    features: NDArray[np.float32], target: NDArray[np.int64], cluster: NDArray[np.object_], grouped: bool
) -> dict[str, Any]:
    auc, accuracy, twins = [], [], []
    for train, test in _splits(target, cluster, grouped):
        known = np.full(len(target), -1)
        known[train] = target[train]
        answers = opinion.opinion(features, known, int(target.max()) + 1)
        if answers is None:
            raise SystemExit("too few labels to fit a head")
        auc.append(roc_auc_score(target[test] == 0, answers[test, 0]))
        accuracy.append(float(np.mean(answers[test].argmax(axis=1) == target[test])))
        twins.append(int(np.isin(cluster[test], cluster[train]).sum()))
    return {
        "pictures": len(target),
        "with a twin in training": f"{sum(twins) / SEEDS:.1f}",
        "roc_auc": f"{np.mean(auc):.4f}",
        "accuracy": f"{np.mean(accuracy):.4f}",
    }


def _splits(target: Any, cluster: Any, grouped: bool) -> Iterator[tuple[Any, Any]]:
    for seed in range(SEEDS):
        if grouped:
            folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
            yield from folds.split(target, target, cluster)
        else:
            yield from StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(target, target)


if __name__ == "__main__":
    sys.exit(main())
