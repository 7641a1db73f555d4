"""The pictures that the leader gets wrong or doubts, that no model gets right, or that fool others alone."""

import base64
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wreck_core import images
from wreck_core.errors import ImageRejectedError, StorageError
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.report.board import Board, Row
from wreck_core.report.evidence import Evidence

SIDE_PX = 192
_QUALITY = 62
_DISPUTING, _DISPUTED = 4, 6  # best models, and pictures of each pair of them
BLUR_SIGMA_PX = 9.0

Group = dict[str, Any]


def build(params: Params, layout: Layout, evidence: Evidence, board: Board) -> dict[str, Any] | None:
    """Collect the groups of the gallery and their thumbnails; None when no model was trained.

    A thumbnail is a data URI under its picture's sha256; a file that cannot be read has none.
    """
    if not board.ranked:
        return None
    leader, truth, wrong = board.ranked[0], evidence.cases.truth, _mistakes(evidence, board)
    p, limit = leader.p, params.report.gallery
    doubt = np.abs(p - threshold(board, leader.name))
    false_alarm, missed, hopeless = wrong[:, 0] & ~truth, wrong[:, 0] & truth, np.all(wrong, axis=1)
    picks = {
        "false_alarms": worst(false_alarm, -doubt, limit),
        "missed": worst(missed, -doubt, limit),
        "unsure": worst(np.ones_like(truth), doubt, limit),
        "all_wrong": worst(hopeless, -doubt, limit),
        "others": _others(board, wrong, limit),
    }
    disputes = _disputes(board, wrong, [model.p for model in board.ranked])
    everything = (*picks.values(), *disputes.values())
    shown = sorted({int(at) for picked in everything for at in picked})
    return {
        "backbone": leader.name,
        "models": [model.name for model in board.ranked],
        "counts": {
            "false_alarms": int(false_alarm.sum()),
            "missed": int(missed.sum()),
            "unsure": len(truth),
            "all_wrong": int(hopeless.sum()),
            "others": int((wrong.any(axis=1) & ~wrong[:, 0]).sum()),
        },
        "groups": {
            key: [
                item(evidence, int(at), float(p[at]), int(wrong[at].sum()))
                | {"wrong": np.flatnonzero(wrong[at]).tolist()}  # places in `models`
                for at in picked
            ]
            for key, picked in picks.items()
        },
        "disputes": [_dispute(evidence, board, wrong, pair, picked) for pair, picked in disputes.items()],
        "thumbnails": _thumbnails(params.report.thumbnails, layout, evidence, shown),
    }


def _dispute(
    evidence: Evidence,
    board: Board,
    wrong: NDArray[np.bool_],
    pair: tuple[int, int],
    picked: NDArray[np.int64],
) -> Row:
    """Show the pictures on which two models differ: `p` is what the better says, `right` whether it is."""
    better, worse = (board.ranked[at] for at in pair)
    pictures = [
        item(evidence, int(at), float(better.p[at]), int(wrong[at].sum()))
        | {"p_other": float(worse.p[at]), "right": not wrong[at, pair[0]]}
        for at in picked
    ]
    return {"better": better.name, "worse": worse.name, "pictures": pictures}


def _disputes(
    board: Board, wrong: NDArray[np.bool_], p: list[NDArray[np.float64]]
) -> dict[tuple[int, int], NDArray[np.int64]]:
    """Choose pictures on which two of the best models differ: one is right, and they are far apart."""
    best = range(min(_DISPUTING, len(board.ranked)))
    return {
        (a, b): worst(wrong[:, a] != wrong[:, b], -np.abs(p[a] - p[b]), _DISPUTED)
        for a, b in combinations(best, 2)
    }


def error_rows(evidence: Evidence, board: Board) -> list[Row]:
    """Every picture that the leader gets wrong, the most confident mistakes first."""
    if not board.ranked:
        return []
    p, wrong = board.ranked[0].p, _mistakes(evidence, board)
    picked = worst(wrong[:, 0], -np.abs(p - evidence.cases.truth), len(p))
    return [item(evidence, int(at), float(p[at]), int(wrong[at].sum())) for at in picked]


def _others(board: Board, wrong: NDArray[np.bool_], limit: int) -> NDArray[np.int64]:
    """Give the surest mistakes of every other model that the leader does not share, as many of each."""
    others = range(1, len(board.ranked))
    each = max(1, limit // max(1, len(others))) if limit else 0
    picked = [
        worst(wrong[:, at] & ~wrong[:, 0], -np.abs(board.ranked[at].p - threshold(board, name)), each)
        for at, name in ((at, board.ranked[at].name) for at in others)
    ]
    return np.array(list(dict.fromkeys(np.concatenate([[], *picked]))), np.int64)


def _mistakes(evidence: Evidence, board: Board) -> NDArray[np.bool_]:
    """Mark (n, K) where each model, best first, is wrong at its own threshold."""
    alarms = [model.p >= threshold(board, model.name) for model in board.ranked]
    return np.asarray(np.stack(alarms, axis=1) != evidence.cases.truth[:, None], np.bool_)


def threshold(board: Board, name: str) -> float:
    """Give the threshold of one row."""
    return float(next(row["threshold"] for row in board.rows if row["backbone"] == name))


def worst(chosen: NDArray[np.bool_], badness: NDArray[np.float64], limit: int) -> NDArray[np.int64]:
    """Give the positions where `chosen`, smallest `badness` first, at most `limit`."""
    at = np.flatnonzero(chosen)
    return at[np.argsort(badness[at], kind="stable")][:limit]


def item(evidence: Evidence, at: int, p: float, n_wrong: int = 0) -> Row:
    """Say what is shown of one picture; `p` is what the model in question says of it."""
    picture = evidence.pictures.iloc[at]
    return {
        "sha256": str(picture["sha256"]),
        "label": str(picture["label"]),
        "p": p,
        "models_wrong": n_wrong,
        "fold": int(picture["fold"]),
        "source": str(picture["source"]),
        "path": str(picture["path"]),
        "url": "" if picture.isna()["url"] else str(picture["url"]),
    }


def _thumbnails(
    mode: Literal["full", "blur", "none"], layout: Layout, evidence: Evidence, shown: list[int]
) -> dict[str, str]:
    if mode == "none":
        return {}
    made = {}
    for at in shown:
        picture = evidence.pictures.iloc[at]
        try:
            small = images.fit_within(
                images.load(layout.root / str(picture["path"]), enough_px=2 * SIDE_PX), SIDE_PX
            )
        except (ImageRejectedError, StorageError):
            continue  # the page shows the picture's number in its place
        if mode == "blur":
            small = images.blur(small, BLUR_SIGMA_PX)
        made[str(picture["sha256"])] = data_uri(small)
    return made


def data_uri(picture: images.Image) -> str:
    """Write a small picture, RGB uint8 (H, W, 3), as text of the page."""
    data = base64.b64encode(images.encode(picture, "webp", quality=_QUALITY)).decode("ascii")
    return f"data:image/webp;base64,{data}"
