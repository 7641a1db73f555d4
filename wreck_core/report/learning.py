"""How each backbone learned: the losses of what it chose between, and what more pictures would bring."""

from pathlib import Path
from typing import Any

import pandas as pd

from wreck_core.layout import Layout
from wreck_core.report.board import Board, Row
from wreck_core.report.words import listed, number
from wreck_core.summary import count

# The columns of history.csv by what a recipe chooses: the place, and its loss on pictures held out inside
# the training folds. A recipe of fixed length holds nothing out: its loss is that of training.
_EPOCH, _STRENGTH = "epoch", "c"
_RISING = 0.005  # AUC that twice the pictures must have brought for more of them to promise anything


def build(layout: Layout, board: Board) -> dict[str, Any]:
    """Collect the fits of every trained row, one for each recipe that it tried, and the learning curves."""
    fits = [
        {"backbone": model.name} | fit
        for model in board.ranked
        for fit in _fits(layout.model(model.name) / "history.csv", str(model.facts.get("recipe", "")))
    ]
    curves = [
        {"backbone": model.name, "points": model.facts["learning_curve"]}
        for model in board.ranked
        if len(model.facts.get("learning_curve") or ()) > 1
    ]
    return {
        "fits": fits,
        "curves": curves,
        "shares": sorted({point["share"] for curve in curves for point in curve["points"]}),
        "long_enough": _long_enough(fits),
        "more_pictures": _more_pictures(curves),
    }


def _fits(path: Path, recipe: str) -> list[Row]:
    """Give one row per recipe of a history: what was tried, and each fold's losses and choice."""
    if not path.exists():  # an ensemble learned nothing
        return []
    table = pd.read_csv(path)
    if "recipe" not in table:
        table["recipe"] = recipe
    return [_fit(str(name), part) for name, part in table.groupby("recipe", sort=False)]


def _fit(recipe: str, table: pd.DataFrame) -> Row:
    by = _EPOCH if _EPOCH in table and table[_EPOCH].notna().any() else _STRENGTH
    loss = "log_loss" if by == _STRENGTH else "loss"
    held_out = "held_out_loss" in table and table["held_out_loss"].notna().all()
    folds = []
    for fold in sorted(table["fold"].unique().tolist(), key=lambda fold: (fold < 0, fold)):
        part = table[table["fold"] == fold]
        chosen = part["chosen"].to_numpy(bool).nonzero()[0]
        folds.append(
            {
                "fold": int(fold),
                "loss": part["held_out_loss" if held_out else loss].tolist(),
                "training": part[loss].tolist() if held_out else None,
                "chosen": int(chosen[0]) if chosen.size else None,
            }
        )
    tried = sorted(table[by].unique())  # of all folds: a search for the strength may end early
    return {
        "recipe": recipe,
        "by": by,
        "tried": [float(value) + (by == _EPOCH) for value in tried],
        "judged": "held out" if held_out or by == _STRENGTH else "training",
        "folds": folds,
    }


def at_edge(fit: Row) -> bool:
    """Whether most folds chose the end of what was tried, so that the best may lie beyond it."""
    if fit["judged"] == "training" or len(fit["tried"]) < 2:
        return False
    ends = {len(fit["tried"]) - 1} | ({0} if fit["by"] == _STRENGTH else set())
    chosen = [fold["chosen"] for fold in fit["folds"] if fold["chosen"] is not None]
    return 2 * sum(at in ends for at in chosen) > len(chosen)


def _long_enough(fits: list[Row]) -> str:
    edge = [fit for fit in fits if at_edge(fit)]
    if not edge:
        return "No choice lies at the end of what was tried."
    epochs = [fit["backbone"] for fit in edge if fit["by"] == _EPOCH]
    strengths = [fit["backbone"] for fit in edge if fit["by"] == _STRENGTH]
    told = [f"{listed(epochs)} may gain from more epochs"] if epochs else []
    told += [f"{listed(strengths)} from a wider train.c_grid"] if strengths else []
    text = ", ".join(told) if epochs else f"{listed(strengths)} may gain from a wider train.c_grid"
    return f"{text}: most folds chose the end of what was tried."


def _more_pictures(curves: list[Row]) -> str:
    """Answer whether more pictures promise a better model, by what the second half of them brought."""
    told = []
    for curve in curves:
        points = curve["points"]
        half = next((point for point in points if point["share"] == 0.5), None)
        if half is not None:
            told.append((points[-1]["roc_auc"] - half["roc_auc"], half, points[-1], curve["backbone"]))
    if not told:
        return ""
    gain, half, whole, name = max(told, key=lambda one: float(one[2]["roc_auc"]))
    rising = sum(one[0] >= _RISING for one in told)
    end = (
        "No curve still rises: more pictures of the same kind promise little."
        if not rising
        else f"{rising} of {count(len(told), 'curve')} still {'rises' if rising == 1 else 'rise'}: "
        "more pictures promise a better model."
    )
    return f"From {half['n_images']:,} to {whole['n_images']:,} pictures {name} gained {number(gain)}. {end}"
