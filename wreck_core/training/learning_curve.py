"""What more pictures would bring: the frozen head again on a part of the clusters, judged as always.

Cheap, because the features are there already. The parts are nested, drawn by the clusters' hashes, so they
stay the same when others come.
"""

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core.evaluation import metrics
from wreck_core.training import head
from wreck_core.training.head import Float
from wreck_core.training.recipe import FINAL, Task, blank

SHARES = (0.25, 0.5, 0.75, 1.0)


def measure(
    task: Task, vectors: NDArray[np.float32], widths: tuple[int, ...], c: float, whole: Float
) -> list[dict[str, Any]]:
    """Give one row per share of the clusters: share, n_images learned from (mean of the folds), roc_auc.

    `vectors` float32 (N, F), `widths` how many each layer has, `c` the strength of the final head, `whole`
    (N, K) the logits of the row itself, whose folds learned from all. A share with too few pictures of some
    class is left out.
    """
    samples, target = task.samples, task.samples["target"].to_numpy()
    folds = [part for part in task.parts if part.fold != FINAL]
    judged = np.isin(samples["fold"].to_numpy(), [part.fold for part in folds])
    cases = metrics.Cases(
        truth=(samples["label"] == task.positive).to_numpy()[judged],
        fold=samples["fold"].to_numpy(np.int64)[judged],
        cluster=pd.factorize(samples["cluster"])[0][judged],
    )
    # Of all pictures that are there, for every share: mean and scale know no target, and need no label.
    scaled = head.scaling_of(vectors[judged], widths)(vectors)
    curve = []
    for share in SHARES:
        shown = drawn(samples["cluster"], share)
        learned = [part.train[shown[part.train]] for part in folds]
        if any(len(set(target[rows])) < len(task.classes) for rows in learned):
            continue
        logits = whole if share == 1 else blank(task)[0]
        for part, rows in zip(folds, learned, strict=True) if share < 1 else ():
            linear = head.fit_scaled(scaled[rows], target[rows], len(task.classes), c)
            logits[part.answer] = linear.logits(scaled[part.answer])
        p = head.probabilities(logits)[judged, task.classes.index(task.positive)]
        mean = float(np.mean([len(rows) for rows in learned])) if learned else 0.0
        curve.append({"share": share, "n_images": round(mean), "roc_auc": metrics.within_fold_auc(cases, p)})
    return curve


def drawn(clusters: pd.Series, share: float) -> NDArray[np.bool_]:
    """Say which pictures are of the clusters that a share in (0, 1] holds, bool (N,)."""
    place = [int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) for name in clusters]
    return np.array(place) < share * 2**32
