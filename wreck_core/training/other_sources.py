"""How good the frozen head is on sources that it has never seen: each is left out in turn and then judged.

Cheap, because the features are there already. Only sources that show both classes can be judged: of the
others there is no pair to put in order. A cluster that a source shares with others is left out with it.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core.evaluation import metrics
from wreck_core.training import auc, head
from wreck_core.training.head import Ints
from wreck_core.training.recipe import Task

MOST = 20  # sources, those with the most pictures; one fit each


def absent(reason: str) -> dict[str, Any]:
    """Say why there is no such number, with the keys of `measure`."""
    return {"auc": None, "auc_low": None, "auc_high": None, "sources": 0, "images": 0, "reason": reason}


def measure(task: Task, vectors: NDArray[np.float32], widths: tuple[int, ...], c: float) -> dict[str, Any]:
    """Give the ROC AUC within sources left out, averaged by pair count, and how many were judged.

    `vectors` float32 (N, F), `widths` how many each layer has, `c` the strength of the final head. The
    interval (95 %) is of the clusters of the judged pictures. `auc` is None, with the `reason`, where
    fewer than two sources show both classes.
    """
    samples, target = task.samples, task.samples["target"].to_numpy()
    learned = (samples["split"] == "fold").to_numpy()
    judged = _two_sided(samples[learned], task.positive)
    if len(judged) < 2:
        every = samples["source"][learned].nunique()
        return absent(f"of the sources ({every}), fewer than two show both classes ({len(judged)})")
    score, home = np.zeros(len(samples)), np.full(len(samples), -1)
    for number, source in enumerate(judged):
        here = learned & (samples["source"] == source).to_numpy()
        shared = samples["cluster"].isin(samples["cluster"][here]).to_numpy()
        rows = np.flatnonzero(learned & ~here & ~shared)
        if len(set(target[rows])) < len(task.classes):
            return absent(f"without {source}, some class is not shown at all")
        scaled = head.fit(vectors[rows], widths, target[rows], len(task.classes), c)
        score[here] = head.probabilities(scaled.logits(vectors[here]))[:, task.classes.index(task.positive)]
        home[here] = number
    return {**_scores(task, np.flatnonzero(home >= 0), home, score), "sources": len(judged), "reason": ""}


def _two_sided(samples: pd.DataFrame, positive: str) -> list[str]:
    """Name the sources that show both sides, those with the most pictures first, MOST at the most."""
    shares = (samples["label"] == positive).groupby(samples["source"]).agg(["mean", "size"])
    both = shares[(shares["mean"] > 0) & (shares["mean"] < 1)].reset_index()
    return list(both.sort_values(["size", "source"], ascending=[False, True])["source"][:MOST])


def _scores(task: Task, rows: Ints, home: Ints, score: NDArray[np.float64]) -> dict[str, Any]:
    """Score the rows, pictures of one source among themselves."""
    samples = task.samples.iloc[rows]
    truth = (samples["label"] == task.positive).to_numpy()
    cases = metrics.Cases(truth, home[rows], pd.factorize(samples["cluster"])[0])
    value, low, high = auc.with_interval(cases, score[rows], task.params.seed)
    return {"auc": value, "auc_low": low, "auc_high": high, "images": len(rows)}
