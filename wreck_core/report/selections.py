"""The score on pictures by how they came to be labelled: a queue that asks for the hard ones biases it."""

from typing import Any

from wreck_core.evaluation import intervals
from wreck_core.evaluation.metrics import Cases
from wreck_core.evaluation.slices import MIN_IMAGES
from wreck_core.params import CHOSEN, Params
from wreck_core.report.board import Board, Row
from wreck_core.report.evidence import Evidence
from wreck_core.report.words import interval, listed, number

_SCORES = ("roc_auc", "roc_auc_low", "roc_auc_high")


def build(params: Params, evidence: Evidence, board: Board) -> dict[str, Any]:
    """Score the leader apart on each way in which pictures were chosen, the largest part first.

    Ways with fewer than `MIN_IMAGES` pictures, or of one class alone, are counted and not scored.
    """
    if not board.ranked:
        return {"rows": [], "says": ""}
    leader, ways = board.ranked[0], evidence.pictures["selection"].fillna("").astype(str).to_numpy()
    rows = []
    for way in sorted(set(ways), key=lambda way: (-int((ways == way).sum()), way)):
        inside = ways == way
        cases, score = evidence.cases.part(inside), leader.p_raw[inside]
        row: Row = {"selection": way or "unknown", "images": len(cases), "positives": int(cases.truth.sum())}
        values = intervals.auc_interval(cases, score, params.report) if _judgeable(cases) else (None,) * 3
        rows.append(row | dict(zip(_SCORES, values, strict=True)))
    return {"rows": rows, "says": _says(rows)}


def _judgeable(cases: Cases) -> bool:
    return cases.two_sided and len(cases) >= MIN_IMAGES


def _says(rows: list[Row]) -> str:
    chosen = sum(row["images"] for row in rows if row["selection"] in CHOSEN)
    if not chosen:
        return "The queue chose no picture for its looks or a model's doubts: it does not bend the score."
    share = 100 * chosen / sum(row["images"] for row in rows)
    text = f"For their looks or a model's doubts the queue chose {share:.0f} % of the pictures, "
    text += "which bends the score"
    fair = [row for row in rows if row["selection"] not in CHOSEN and row["roc_auc"] is not None]
    if not fair:
        return f"{text}; too few others are labelled to say how far."
    told = [
        f"{number(row['roc_auc'])} {interval(row['roc_auc_low'], row['roc_auc_high'])} on {row['selection']}"
        for row in fair
    ]
    return f"{text}; apart, it is {listed(told)}."
