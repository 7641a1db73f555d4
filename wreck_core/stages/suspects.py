"""Labels that the models doubt: the least likely ones by the best model, and those that all models deny."""

from collections.abc import Sequence

import pandas as pd

from wreck_core import files
from wreck_core.dataset.folds import TEST_FOLD
from wreck_core.errors import InputError
from wreck_core.labeling import consensus, rebuild, rounds
from wreck_core.labeling.export import COLUMNS
from wreck_core.labeling.schema import ADJUDICATE
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import board
from wreck_core.summary import Summary

THRESHOLD = 0.5


def run(params: Params, layout: Layout, *, enqueue: bool = False) -> Summary:
    """List labels by the out-of-fold probability of the best model, the least likely first; queue the worst.

    Labels that were settled or changed since the training are left out. Raises InputError when nothing
    is trained.
    """
    with rebuild.open_store(layout) as store:
        best, ranked = suspects(params, layout, store)
        worst = _worst(params, ranked)
        added = rounds.doubt(store, worst.sha256.tolist(), "suspect") if enqueue else 0
    queued = f"{added:,} of them are new in the queue: run `wreck label --round {ADJUDICATE}`"
    return Summary(
        f"{len(worst):,} of {len(ranked):,} labels are the least likely by {best}",
        notes=(queued,) if enqueue else (),
        data={"model": best, "added": added, "suspects": worst.round({"p_label": 4}).to_dict("records")},
    )


def suspects(params: Params, layout: Layout, store: Store) -> tuple[str, pd.DataFrame]:
    """Name the best trained row, and rank the labels: columns sha256, label, p_label, annotator."""
    best = _best(params, layout)
    table = _answers(layout, [best])[best]
    final = pd.DataFrame(consensus.final_labels(store.current_labels()), columns=COLUMNS)
    joined = final.merge(table, on="sha256")
    positive = joined.label == params.labels.positive
    same = positive == (joined.truth == 1)
    joined["p_label"] = joined.p.where(positive, 1 - joined.p)
    asked = joined[same & joined.label.isin(params.labels.classes) & (joined["round"] != ADJUDICATE)]
    ranked = asked.sort_values(["p_label", "sha256"], ignore_index=True)
    return best, ranked[["sha256", "label", "p_label", "annotator"]]


def doubted(params: Params, layout: Layout, store: Store, order: str) -> list[str]:
    """Give the labels to look at again, the most urgent first.

    `suspect`: the least likely by the best model. `disagree`: those that every model denies.
    """
    if order == "disagree":
        return denied(params, layout)
    return list(_worst(params, suspects(params, layout, store)[1]).sha256)


def _worst(params: Params, ranked: pd.DataFrame) -> pd.DataFrame:
    return ranked.head(round(params.enqueue.suspect_share * len(ranked)))


def denied(params: Params, layout: Layout) -> list[str]:
    """Give the pictures that every trained row takes for another class than their label, by sha256.

    Raises InputError when nothing is trained.
    """
    _best(params, layout)
    tables = _answers(layout, list(params.backbones)).values()
    wrong = [set(table.sha256[(table.p >= THRESHOLD) != (table.truth == 1)]) for table in tables]
    return sorted(set.intersection(*wrong))


def _best(params: Params, layout: Layout) -> str:
    """Name the leader of the board, or else the trained row with the best ROC AUC."""
    named = board.leader(layout)
    if named and (layout.model(named) / "oof.parquet").exists():
        return named
    scores = {
        name: files.read_json(layout.model(name) / "metrics.json")["roc_auc"]
        for name in params.backbones
        if (layout.model(name) / "metrics.json").exists()
    }
    if not scores:
        raise InputError("there is no trained model yet", where=str(layout.models), fix="run `dvc repro`")
    return max(scores, key=lambda name: scores[name])


def _answers(layout: Layout, names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Read the out-of-fold answers of trained rows: sha256, truth (0 or 1), p; without the locked test."""
    found = {}
    for name in names:
        path = layout.model(name) / "oof.parquet"
        if path.exists():
            table = files.read_table(path, columns=["sha256", "fold", "label", "p_calibrated"])
            table = table[table.fold != TEST_FOLD].rename(columns={"label": "truth", "p_calibrated": "p"})
            found[name] = table[["sha256", "truth", "p"]]
    return found
