"""In which order the unlabelled pictures wait: by the lists, by chance, or by what a model makes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core import files
from wreck_core.errors import ParamsError, WeightsError
from wreck_core.labeling.draw import drawn
from wreck_core.labeling.records import Hint
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import board
from wreck_core.summary import Progress


@dataclass(frozen=True)
class Ranking:
    """(sha256, strategy) of each unlabelled picture, the first to be labelled first.

    `hints` is what the model says of all pictures, labelled or not, `notes` what the user should know.
    """

    tasks: list[tuple[str, str]]
    hints: Mapping[str, Hint] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def rank(
    params: Params,
    layout: Layout,
    unlabelled: Sequence[str],
    labelled: Mapping[str, str],
    order: str,
    progress: Progress,
) -> Ranking:
    """Rank by `fifo` (as the lists have them), `random` (a seeded draw), or by a model: `auto`, `margin`.

    `labelled` gives the labels so far. Without a model that can look at pictures the draw decides, and
    a note says why.
    """
    if order == "fifo":
        return Ranking([(sha, order) for sha in unlabelled])
    by_draw = sorted(unlabelled, key=lambda sha: drawn(sha, params.enqueue.seed))
    at_random = Ranking([(sha, "random") for sha in by_draw])
    if order == "random" or not unlabelled:
        return at_random
    try:
        return _by_model(params, layout, by_draw, labelled, order, progress)
    except WeightsError as error:
        reason = f"no model can look at the pictures, so they wait in random order: {error.reason}"
        return Ranking(at_random.tasks, notes=(reason,))


def _by_model(
    params: Params,
    layout: Layout,
    unlabelled: Sequence[str],
    labelled: Mapping[str, str],
    order: str,
    progress: Progress,
) -> Ranking:
    from wreck_core.inference.opinion import opinion
    from wreck_core.labeling import order as orders

    classes = params.labels.classes
    asked = [*unlabelled, *(sha for sha, label in labelled.items() if label in classes)]
    samples = _samples(layout, asked)
    name, features = _look(params, layout, samples, progress)
    target = np.array([classes.index(labelled[sha]) if sha in labelled else -1 for sha in samples.sha256])
    p = opinion(features, target, len(classes))
    seen, names = orders.Seen(features, target >= 0, p), samples.sha256.tolist()
    if p is None and order == "margin":
        ranked = [(sha, "random") for sha in unlabelled]
    elif order == "margin":
        rows = np.flatnonzero(target < 0)
        ranked = [(names[row], order) for row in orders.by_margin(seen, rows, 0, params.enqueue.seed)]
    else:
        ranked = [(names[row], strategy) for row, strategy in orders.auto(seen, names, params.enqueue.seed)]
    hints = (
        {}
        if p is None
        else {
            sha: Hint(classes[at], float(each[at]), name)
            for sha, each, at in zip(names, p, p.argmax(1), strict=True)
        }
    )
    early = ("no labels of two classes yet: representatives come first, then chance",) if p is None else ()
    return Ranking(ranked, hints, (*early, f"looked at with {name}"))


def _samples(layout: Layout, sha256s: Sequence[str]) -> pd.DataFrame:
    """Give the pictures that are still there as `features.extract` wants them, uncropped."""
    table = files.read_table(layout.candidates, columns=["sha256", "path"]).drop_duplicates("sha256")
    rows = table[table.sha256.isin(set(sha256s))].sort_values("sha256", ignore_index=True)
    return rows.assign(box=pd.Series([None] * len(rows), dtype=object))


def _look(
    params: Params, layout: Layout, samples: pd.DataFrame, progress: Progress
) -> tuple[str, NDArray[np.float32]]:
    """Look at the pictures with the best backbone whose weights are at hand."""
    from wreck_core.inference.opinion import look
    from wreck_core.stages.train import make_task
    from wreck_core.training import runtime

    runtime.start(params.train.threads, params.train.seed, params.train.precision)
    missing: ParamsError | WeightsError = WeightsError(
        "no row of params.yaml has pretrained weights", where="backbones"
    )
    for name in _best_first(params, layout):
        try:
            return name, look(make_task(params, layout, name, samples, progress))
        except (ParamsError, WeightsError) as error:
            missing = error
    raise missing


def _best_first(params: Params, layout: Layout) -> list[str]:
    """Name the rows with pretrained weights: the leader of the board, then as params.yaml has them."""
    leader = board.leader(layout)
    rows = [name for name, row in params.backbones.items() if row.weights != "none"]
    return sorted(rows, key=lambda name: name != leader)
