"""The parts of the pictures that models are judged on: by source, size, shape, light, and who chose them."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core.evaluation import slices
from wreck_core.evaluation.slices import Slice
from wreck_core.params import Params
from wreck_core.report.board import Board, Row
from wreck_core.report.evidence import Evidence

_NAMED = 8  # sources and annotators of their own; the rest is one value
_TALL, _WIDE = 0.95, 1.05  # width over height

Values = NDArray[np.str_]


def build(params: Params, evidence: Evidence, board: Board) -> dict[str, list[Row]]:
    """Judge every trained model on every slice: backbone → rows, the worst first."""
    attributes = attributes_of(evidence.pictures)
    thresholds = {row["backbone"]: row["threshold"] for row in board.rows}
    judged = {
        model.name: slices.judge(
            (model.p >= thresholds[model.name]) != evidence.cases.truth,
            evidence.cases.truth,
            evidence.cases.cluster,
            attributes,
            params.report.confidence,
        )
        for model in board.ranked
    }
    return {name: [_row(part) for part in parts] for name, parts in judged.items()}


def worst(rows: list[Row], alpha: float) -> Row | None:
    """Give the slice with the lowest accuracy among those proven to lie below the rest, or None."""
    return next((row for row in rows if row["gap"] < 0 and row["p_adjusted"] < alpha), None)


def attributes_of(pictures: pd.DataFrame) -> dict[str, Values]:
    """Cut the pictures by what is known of them; "" where something is not."""
    known = {"source": _named(pictures["source"]), "annotator": _named(pictures["annotator"])}
    known["chosen by"] = _named(pictures["selection"])
    short_side = pictures[["width", "height"]].min(axis=1)
    aspect = pictures["width"] / pictures["height"]
    known["short side"] = _thirds(short_side, " px")
    known["brightness"] = _thirds(pictures["brightness"], "")
    shape = np.select([aspect < _TALL, aspect <= _WIDE, aspect > _WIDE], ["tall", "square", "wide"], "")
    return {**known, "shape": shape.astype(str)}


def _named(values: pd.Series) -> Values:
    """Keep the most frequent values; the rest is `others`, and what is missing is unknown."""
    text = values.fillna("").astype(str)
    counts = text[text != ""].value_counts()
    most = sorted(counts.index, key=lambda name: (-counts[name], name))[:_NAMED]
    return text.where(text.isin([*most, ""]), "others").to_numpy(dtype=str)


def _thirds(values: pd.Series, unit: str) -> Values:
    """Cut numbers into three parts of about the same size, named by their bounds in whole units."""
    numbers = values.to_numpy(np.float64)
    if np.isnan(numbers).all():
        return np.full(len(numbers), "")
    low, high = np.round(np.nanquantile(numbers, [1 / 3, 2 / 3]))
    names = [f"under {low:.0f}{unit}", f"{low:.0f} to {high:.0f}{unit}", f"{high:.0f}{unit} and more"]
    return np.select([numbers < low, numbers < high, numbers >= high], names, "").astype(str)


def _row(part: Slice) -> dict[str, Any]:
    return {
        "slice": part.name,
        "images": part.images,
        "positives": part.positives,
        "accuracy": part.accuracy,
        "accuracy_low": part.low,
        "accuracy_high": part.high,
        "gap": part.gap,
        "p": part.p,
        "p_adjusted": part.p_adjusted,
    }
