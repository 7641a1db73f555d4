"""Everything that the page shows, as one JSON value: it is drawn from this and nothing else."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from wreck_core.errors import InputError
from wreck_core.files import read_json
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.report import board as boards
from wreck_core.report import (
    changes,
    dataset_card,
    ensembles,
    evidence,
    gallery,
    learning,
    looks,
    selections,
    slices,
    words,
)
from wreck_core.report.board import Board, Row
from wreck_core.report.evidence import Evidence
from wreck_core.summary import count

SCHEMA = 2

# What the seed project (tpham222/Wreck_Detect) published for its own 245 validation photos. It is shown where
# the question is the same.
PUBLISHED = {
    "source": "tpham222/Wreck_Detect",
    "positive": "damaged",
    "images": 245,
    "rows": [
        {"backbone": "mobilenet_v2", "accuracy": 0.894, "roc_auc": 0.956},
        {"backbone": "resnet50", "accuracy": None, "roc_auc": 0.964},
        {"backbone": "scratch CNN", "accuracy": None, "roc_auc": 0.795},
    ],
}

# Facts of metrics.json that say where a model came from.
_ORIGIN = [
    *("builder", "weights_source", "weights_sha256", "seed", "threads", "git_sha", "data_rev"),
    *("fit_s", "peak_rss_mb"),
]


def collate(
    params: Params, layout: Layout, fingerprint: dict[str, str], agreement: Sequence[Row] = ()
) -> dict[str, Any]:
    """Read every input and compute the whole report; plain JSON types, floats to 6 decimals.

    `agreement` says how far annotators agree, as `labeling.agreement` measures it.

    Raises InputError when there is no dataset to report on.
    """
    found = ensembles.add(params, evidence.read(params, layout))
    board = boards.build(params, found)
    judged = slices.build(params, found, board)
    for row in board.rows:
        row["worst_slice"] = slices.worst(judged.get(row["backbone"], []), 1 - params.report.confidence)
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "verdict": words.verdict(board, 1 - params.report.confidence),
        "positive": params.labels.positive,
        "images": len(found.cases),
        "settings": params.report.model_dump(),
        "answers": _answers(params, found, board, judged),
        "rows": board.rows,
        "pairs": _pairs(board),
        "slices": judged,
        "selections": selections.build(params, found, board),
        "gallery": gallery.build(params, layout, found, board),
        "looks": looks.build(found, board),
        "errors": gallery.error_rows(found, board),
        "learning": learning.build(layout, board),
        "dataset": dataset_card.build(layout, found.manifest) | {"agreement": list(agreement)},
        "published": PUBLISHED if params.labels.positive == PUBLISHED["positive"] else None,
        "provenance": _provenance(params, board),
        "fingerprint": fingerprint,
        "predictions": changes.predictions(found, board),
    }
    report["changes"], why_not = _changes(params, layout, found, report)
    report["answers"]["agreement"] = words.agreement(agreement)
    report["answers"]["changes"] = words.changes(report["changes"], why_not)
    report["gates"] = _gates(params, board, report)
    rounded: dict[str, Any] = _rounded(report)
    return rounded


def _changes(
    params: Params, layout: Layout, found: Evidence, report: dict[str, Any]
) -> tuple[dict[str, Any] | None, str]:
    """Compare with the report that was kept; None where there is none yet, or none that can be: and why."""
    then = read_json(layout.previous_report) if layout.previous_report.exists() else {}
    if not then:
        return None, words.FIRST
    try:
        changed = changes.between(report, then, params.report)
    except InputError:
        return None, words.INCOMPARABLE
    return changed | {"drift": changes.drift(found, then)}, ""


def _answers(params: Params, found: Evidence, board: Board, judged: dict[str, list[Row]]) -> dict[str, str]:
    """Give the sentence of each picture; one that has nothing to show has none."""
    ok = [row for row in board.rows if row["status"] == "ok"]
    answers = {
        "ranking": words.ranking(board, len(found.cases)),
        "shortcut": words.shortcut(board, params.labels.positive),
    }
    if ok:
        answers |= {
            "slices": words.slices(ok[0], judged[ok[0]["backbone"]]),
            "finds": words.finds(ok[0], params.labels.positive),
            "precision": words.precision(ok, params.labels.positive),
            "errors": words.errors(ok[0]),
            "calibration": words.calibration(ok),
        }
    if any(row["ms_per_image_p50"] is not None for row in ok):
        answers["speed"] = words.speed(ok)
    return answers


def _pairs(board: Board) -> list[Row]:
    """Compare every two models, the better one first."""
    if board.comparison is None:
        return []
    thresholds = {row["backbone"]: row["threshold"] for row in board.rows}
    says = [model.p >= thresholds[model.name] for model in board.ranked]
    pairs = []
    for a, better in enumerate(board.ranked):
        for b in range(a + 1, len(board.ranked)):
            delta, margin = board.comparison.delta[a, b], board.comparison.margin[a, b]
            pairs.append(
                {
                    "better": better.name,
                    "worse": board.ranked[b].name,
                    "delta": delta,
                    "delta_low": delta - margin,
                    "delta_high": delta + margin,
                    "p_adjusted": board.comparison.p_adjusted[a, b],
                    "different_answers": int((says[a] != says[b]).sum()),
                }
            )
    return pairs


def _gates(params: Params, board: Board, report: dict[str, Any]) -> list[Row]:
    """Judge what must hold before anyone relies on the board."""
    leaks, changed = report["dataset"]["leaks"], report["changes"]
    best = next((row for row in board.rows if row["backbone"] == board.leader), None)
    floor = words.number(params.report.min_auc)
    reached = "no backbone was trained" if best is None else f"the leader has {words.number(best['roc_auc'])}"
    return [
        {
            "name": "leader_roc_auc",
            "ok": best is not None and best["roc_auc"] >= params.report.min_auc,
            "says": f"at least {floor} is asked for; {reached}",
        },
        {
            "name": "no_leaks",
            "ok": leaks == 0,
            "says": f"{count(leaks, 'cluster')} across folds",
        },
        {
            "name": "leader_not_worse",
            "ok": not changed
            or not changed["leader"]["shift"]
            or changed["leader"]["shift"]["delta_high"] >= 0,
            "says": words.leader_change(changed),
        },
    ]


def _provenance(params: Params, board: Board) -> dict[str, Any]:
    models = [
        {"backbone": model.name} | {key: model.facts.get(key) for key in _ORIGIN} for model in board.ranked
    ]
    return {
        "models": models,
        "versions": board.ranked[0].facts.get("versions", {}) if board.ranked else {},
        "params": {
            "labels.classes": params.labels.classes,
            "labels.positive": params.labels.positive,
            "dataset": params.dataset.model_dump(),
            "train": params.train.model_dump(),
            "report": params.report.model_dump(),
        },
    }


def _rounded(value: Any) -> Any:
    """Give plain JSON types; 6 decimals keep the bytes equal where the last bits of a sum are not."""
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    if isinstance(value, float | np.floating):
        return round(float(value), 6) if math.isfinite(value) else None
    if isinstance(value, np.integer | np.bool_):
        return value.item()
    return value
