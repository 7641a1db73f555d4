"""The pictures of learning: losses over what was tried, AUC over pictures learned from."""

import math
from typing import Any

from markupsafe import Markup

from wreck_core.report.board import Row
from wreck_core.report.svg import Scale, drawing, element, linear_ticks, polyline
from wreck_core.report.words import number

_LEFT, _RIGHT, _TOP, _BOTTOM = 34.0, 226.0, 8.0, 150.0
_WIDTH, _HEIGHT = 234.0, 176.0

Points = list[tuple[float, float]]


def fit_panel(fit: Row) -> Markup:
    """Draw the loss of each fold over epochs or strengths, a dot at each choice; grey: training losses."""
    tried, folds = fit["tried"], fit["folds"]
    losses = [value for fold in folds for value in (*fold["loss"], *(fold["training"] or ()))]
    x = _across(tried, log=fit["by"] == "c")
    y = Scale(*_room(min(losses), max(losses)), _BOTTOM, _TOP)
    parts = _frame(y, [(x(value), f"{value:g}") for value in (tried[0], tried[-1])])
    for kind, key in (("ghost", "training"), ("line thin", "loss")):
        for fold in folds:
            if fold[key]:
                points = [(x(at), y(value)) for at, value in zip(tried, fold[key], strict=False)]
                parts.append(polyline(points, kind))
    for fold in folds:
        if fold["chosen"] is not None:
            at = fold["chosen"]
            parts.append(element("circle", cx=x(tried[at]), cy=y(fold["loss"][at]), r=4, class_="mark"))
    title = f"Losses of {fit['backbone']}, {fit['recipe']}"
    return drawing(title, _WIDTH, _HEIGHT, *parts)


def learning_panel(curve: Row, curves: list[Row]) -> Markup:
    """Draw AUC over pictures learned from, the other rows' curves in grey, on one scale for all."""
    everything = [point for one in curves for point in one["points"]]
    aucs = [point["roc_auc"] for point in everything]
    x = _across([0.0, max(point["n_images"] for point in everything)])
    y = Scale(*_room(min(aucs), max(aucs)), _BOTTOM, _TOP)

    def line(one: Row) -> Points:
        return [(x(point["n_images"]), y(point["roc_auc"])) for point in one["points"]]

    parts = _frame(y, [(x(0), "0"), (x(curve["points"][-1]["n_images"]), _thousands(curve))])
    parts += [polyline(line(one), "ghost") for one in curves if one is not curve]
    parts.append(polyline(line(curve), "line"))
    parts += [element("circle", cx=at, cy=to, r=4, class_="mark") for at, to in line(curve)]
    return drawing(f"AUC of {curve['backbone']} over pictures learned from", _WIDTH, _HEIGHT, *parts)


def _across(values: list[float], *, log: bool = False) -> Scale:
    low, high = min(values), max(values)
    if low == high:  # one epoch, one strength: in the middle
        low, high = (low / 2, high * 2) if log else (low - 1, high + 1)
    return Scale(low, high, _LEFT + 8, _RIGHT - 8, log=log)


def _room(low: float, high: float) -> tuple[float, float]:
    """Widen a range to round numbers, never to nothing."""
    step = 10.0 ** math.floor(math.log10(max(high - low, 1e-3)))
    return math.floor(low / step) * step, math.floor(high / step + 1) * step


def _frame(y: Scale, below: list[tuple[float, str]]) -> list[Markup]:
    parts = [element("path", d=f"M{_LEFT:g} {_TOP:g}V{_BOTTOM:g}H{_RIGHT:g}", class_="axis")]
    for value in linear_ticks(y.low, y.high, about=3):
        parts.append(element("path", d=f"M{_LEFT:g} {y(value):.1f}H{_RIGHT:g}", class_="grid"))
        digits = 2 if y.high - y.low >= 0.02 else 3
        parts.append(element("text", number(value, digits), x=_LEFT - 6, y=y(value) + 5, text_anchor="end"))
    for (at, text), anchor in zip(below, ("start", "end"), strict=True):
        parts.append(element("text", text, x=at, y=_BOTTOM + 19, text_anchor=anchor))
    return parts


def _thousands(curve: Row) -> str:
    return f"{curve['points'][-1]['n_images']:,}"


def functions() -> dict[str, Any]:
    """Name the pictures for the templates."""
    return {"fit_panel": fit_panel, "learning_panel": learning_panel}
