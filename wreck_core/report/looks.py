"""Where a model looks: heat maps over the pictures that it is surest of, right and wrong.

What to draw is chosen here; the network that draws it belongs to others, and comes in as a function.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wreck_core import images
from wreck_core.errors import ImageRejectedError, StorageError
from wreck_core.layout import Layout
from wreck_core.report import gallery
from wreck_core.report.board import Board, Row
from wreck_core.report.evidence import Evidence
from wreck_core.summary import count

_EACH = 6  # pictures of each kind

Map = NDArray[np.float32]
Explain = Callable[[images.Image], Map]
Overlay = Callable[[images.Image, Map], images.Image]


def build(evidence: Evidence, board: Board) -> dict[str, Any] | None:
    """Choose the pictures of the best row that has a model of its own; None when there is none.

    `found`, `false_alarms` and `missed`, the surest first. The maps are drawn later, by `draw`.
    """
    best = next((model for model in board.ranked if model.facts.get("recipe") != "ensemble"), None)
    if best is None:
        return None
    truth, alarm = evidence.cases.truth, best.p >= gallery.threshold(board, best.name)
    kinds = {"found": alarm & truth, "false_alarms": alarm & ~truth, "missed": ~alarm & truth}
    picks = {
        kind: gallery.worst(inside, np.where(alarm, -best.p, best.p), _EACH) for kind, inside in kinds.items()
    }
    groups = {
        kind: [gallery.item(evidence, int(at), float(best.p[at])) for at in picked]
        for kind, picked in picks.items()
    }
    return {"backbone": best.name, "groups": groups, "maps": {}, "says": ""}


def draw(report: dict[str, Any], layout: Layout, explain: Explain, overlay: Overlay) -> None:
    """Draw every chosen picture with its map into `maps`, and say how much of the map lies at the rim."""
    looks, blur = report["looks"], report["settings"]["thumbnails"] == "blur"
    rim, whole, area = 0.0, 0.0, 1.0
    for kind, items in looks["groups"].items():
        for item in items:
            picture = _picture(layout, item)
            if picture is None:
                continue  # the page shows the picture's number in its place
            heat = explain(picture)
            if kind == "found":
                outside, inside, area = _rim(np.maximum(heat, 0))
                rim, whole = rim + outside, whole + outside + inside
            small = images.fit_within(picture, gallery.SIDE_PX)
            looks["maps"][item["sha256"]] = gallery.data_uri(
                overlay(images.blur(small, gallery.BLUR_SIGMA_PX) if blur else small, heat)
            )
    looks["says"] = _says(looks, report["positive"], rim / whole, area) if whole else ""


def _picture(layout: Layout, item: Row) -> images.Image | None:
    try:
        return images.load(layout.root / item["path"])
    except (ImageRejectedError, StorageError):
        return None


def _rim(heat: Map) -> tuple[float, float, float]:
    """Sum a map over its outermost cells and over the others, and give the share of cells at the rim."""
    inner = heat[1:-1, 1:-1]
    return float(heat.sum() - inner.sum()), float(inner.sum()), 1 - inner.size / heat.size


def _says(looks: dict[str, Any], positive: str, share: float, area: float) -> str:
    found = count(len(looks["groups"]["found"]), "picture")
    told = f"On the {found} that it is surest of, {100 * share:.0f} % of what speaks for {positive} "
    told += f"lies at the rim, which is {100 * area:.0f} % of the picture: "
    if share < area:
        return f"{told}it looks at the middle, where the subject is."
    return f"{told}look whether it learned the background."
