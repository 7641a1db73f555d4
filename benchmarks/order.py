"""How many labels does each order need? A simulated annotator on a folder of labelled photos.

`python -m benchmarks.order --photos DIR [--list data/urls/wreck_detect.csv]`: DIR is a folder tree that
`wreck labels import` reads; the annotator says what the list, or the folders, say. Clusters of duplicates
are held out whole. After every batch a logistic head on frozen features is fitted anew and `auto` ranks the
rest as `wreck enqueue --order auto` does. The goal: `auto` reaches the ROC AUC of 600 random labels with at
most 60 % of them, on average over the seeds; else it exits with 1.
"""

import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupShuffleSplit

from benchmarks import machine
from wreck_core import params as params_module
from wreck_core.dataset import manifest
from wreck_core.inference import opinion
from wreck_core.labeling import order
from wreck_core.labeling.draw import drawn
from wreck_core.labeling.order import Seen
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import dedup, labels
from wreck_core.stages.train import make_task
from wreck_core.summary import silent
from wreck_core.training import runtime

REPOSITORY = Path(__file__).resolve().parents[1]
ENOUGH, GOAL = 600, 0.60
HELD_OUT = 0.3


def main() -> int:
    """Measure, and say whether the goal is met."""
    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--list", type=Path, help="labels by sha256; the folders' by default")
    parser.add_argument("--backbone", default="efficientnet_lite0", help="its weights are in the packages")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder))
        layout.params.write_text((REPOSITORY / "params.yaml").read_text())
        params = params_module.load(layout.params)
        pictures = _gather(params, layout, asked.photos, asked.list)
        runtime.start(params.train.threads, params.train.seed)
        features = opinion.look(make_task(params, layout, asked.backbone, pictures, silent))
    curves = {
        name: [_curve(name, pictures, features, seed) for seed in range(asked.seeds)]
        for name in ("random", "auto")
    }
    rows, needed = _compare(curves)
    about = machine.describe("scikit-learn", "tensorflow") | {"photos": len(pictures), "seeds": asked.seeds}
    machine.show(rows, about, as_json=asked.json)
    if not asked.json:
        print(f"auto needs {needed} labels for the AUC of {ENOUGH} random ones: {needed / ENOUGH:.0%}")
    return 0 if needed <= GOAL * ENOUGH else 1


def _gather(params: Params, layout: Layout, photos: Path, listed: Path | None) -> pd.DataFrame:
    """Import, find duplicates; one row for each labelled picture: sha256, path, box, target, cluster."""
    labels.import_labels(params, layout, photos)
    if listed:
        layout.label_db.unlink()
        layout.labels.unlink()
        layout.label_events.unlink()
        labels.import_labels(params, layout, listed)
    dedup.run(params, layout)
    cluster = manifest.clusters(pd.read_parquet(layout.duplicates))
    said = pd.read_csv(layout.labels)
    said = said[said.label.isin(params.labels.classes)]
    table = pd.read_parquet(layout.candidates, columns=["sha256", "path"]).drop_duplicates("sha256")
    table = table.merge(said[["sha256", "label"]], on="sha256").sort_values("sha256", ignore_index=True)
    return table.assign(
        box=pd.Series([None] * len(table), dtype=object),
        target=[params.labels.classes.index(label) for label in table.label],
        cluster=[cluster.get(sha, sha) for sha in table.sha256],
    )


def _curve(name: str, pictures: pd.DataFrame, features: NDArray[np.float32], seed: int) -> dict[int, float]:
    """ROC AUC on the held-out clusters by the number of labels."""
    split = GroupShuffleSplit(1, test_size=HELD_OUT, random_state=seed)
    pool, held_out = next(split.split(features, groups=pictures.cluster))
    names, truth = pictures.sha256.to_numpy()[pool].tolist(), pictures.target.to_numpy()
    rows = np.concatenate([pool, held_out])
    known = np.full(len(rows), -1)  # pool first, then what is held out and never known
    curve: dict[int, float] = {}
    said = None
    while (known >= 0).sum() < ENOUGH:
        labelled = known[: len(pool)] >= 0
        if name == "auto":
            ranked = [row for row, _ in order.auto(Seen(features[pool], labelled, said), names, seed)]
        else:
            ranked = sorted(np.flatnonzero(~labelled), key=lambda row: drawn(names[row], seed))
        batch = ranked[: order.batch_size(len(pool))]
        known[batch] = truth[pool[batch]]
        answers = opinion.opinion(features[rows], known, int(truth.max()) + 1)
        if answers is not None:
            score = roc_auc_score(truth[held_out] == 0, answers[len(pool) :, 0])
            curve[int((known >= 0).sum())] = float(score)
            said = answers[: len(pool)]
    return curve


def _compare(curves: dict[str, list[dict[int, float]]]) -> tuple[list[dict[str, float]], int]:
    """Average the curves over the seeds; how many labels `auto` needs."""
    mean = {
        name: {at: float(np.mean([each[at] for each in many])) for at in many[0]}
        for name, many in curves.items()
    }
    goal = mean["random"][ENOUGH]
    rows = [
        {"labels": at, **{f"{name} AUC %": 100 * curve[at] for name, curve in mean.items()}}
        for at in sorted(mean["auto"])
    ]
    return rows, min(at for at, auc in mean["auto"].items() if auc >= goal)


if __name__ == "__main__":
    sys.exit(main())
