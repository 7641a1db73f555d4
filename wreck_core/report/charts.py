"""The pictures of the page, each drawn from rows of report.json."""

import math
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from wreck_core.report.board import Row
from wreck_core.report.svg import Scale, drawing, element, polyline
from wreck_core.report.words import number

_PANEL = 200.0  # side of a small multiple
_NEAR = 0.12  # rows this far below the leader are still on the scale


@dataclass(frozen=True)
class Focus:
    """The part of the AUC axis where the models differ; rows below it are off the scale."""

    low: float
    high: float
    leader: float

    @classmethod
    def of(cls, rows: list[Row]) -> "Focus":
        """Choose the part from rows that have an AUC."""
        ranked = [row for row in rows if row["status"] == "ok"] or rows
        leader = max(row["roc_auc"] for row in ranked)
        near = [row for row in ranked if row["roc_auc"] >= leader - _NEAR or row["tie_group"] == 1]
        low = math.floor(min(row["roc_auc_low"] for row in near) * 50 - 0.05) / 50
        high = min(1.0, math.ceil(max(row["roc_auc_high"] for row in near) * 50 + 0.05) / 50)
        return cls(low, high, leader)

    def holds(self, row: Row) -> bool:
        """Whether the row's AUC lies on the scale."""
        return bool(row["roc_auc"] >= self.low)

    @property
    def middle(self) -> float:
        """Value of the line in the middle."""
        return (self.low + self.high) / 2


def interval_bar(row: Row, focus: Focus) -> Markup:
    """Draw one row's AUC and interval for a table cell; stretched to its width, strokes are not."""
    x = Scale(focus.low, focus.high, 0, 100)
    low, high = x(max(row["roc_auc_low"], focus.low)), x(row["roc_auc_high"])
    lines = [element("path", d=f"M{at} 0V10", class_="grid") for at in (0, 50, 100)]
    leader = f"M{x(focus.leader):.2f} 0V10"
    lines.append(element("path", d=leader, class_="guide"))
    lines.append(element("path", d=f"M{low:.2f} 5H{high:.2f}", class_="bar"))
    lines.append(element("path", d=f"M{x(row['roc_auc']):.2f} 5h0", class_="dot"))
    title = f"{row['backbone']}: {number(row['roc_auc'])} "
    title += f"[{number(row['roc_auc_low'])}, {number(row['roc_auc_high'])}]"
    return element(
        "svg",
        element("title", title),
        *lines,
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        class_=f"interval {row['status']}",
        role="img",
    )


def slice_scale(rows: list[Row]) -> Scale:
    """Choose an accuracy axis that holds every interval, up to 1."""
    low = min((row["accuracy_low"] for row in rows), default=0.0)
    return Scale(min(0.9, math.floor(low * 10) / 10), 1.0, 0, 100)


def slice_bar(row: Row, x: Scale, everywhere: float) -> Markup:
    """Draw the accuracy of one slice with its interval for a table cell; dotted: that of all pictures."""
    title = f"{row['slice']}: {number(row['accuracy'])} "
    title += f"[{number(row['accuracy_low'])}, {number(row['accuracy_high'])}]"
    return element(
        "svg",
        element("title", title),
        element("path", d="M0 0V10", class_="grid"),
        element("path", d="M100 0V10", class_="grid"),
        element("path", d=f"M{x(everywhere):.2f} 0V10", class_="guide"),
        element("path", d=f"M{x(row['accuracy_low']):.2f} 5H{x(row['accuracy_high']):.2f}", class_="bar"),
        element("path", d=f"M{x(row['accuracy']):.2f} 5h0", class_="dot"),
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        class_="interval",
        role="img",
    )


def ghosts(rows: list[Row]) -> Markup:
    """Draw the ROC and PR curves of all once, in grey; every panel shows them behind its own."""
    groups = [
        element("g", *(polyline(_on_panel(row[kind]), "ghost") for row in rows), id=f"ghosts-{kind}")
        for kind in ("roc", "pr")
    ]
    return element("svg", element("defs", *groups), class_="hidden", width=0, height=0)


def roc_panel(row: Row) -> Markup:
    """Draw one model's ROC curve over all others, with a dot at its threshold."""
    counts = row["confusion"]
    negatives = counts["false_positive"] + counts["true_negative"]
    dot = (counts["false_positive"] / negatives, row["recall"])
    return _curve_panel(f"ROC curve of {row['backbone']}", "roc", row, dot, [(0, 0), (1, 1)])


def pr_panel(row: Row) -> Markup:
    """Draw one model's precision against recall over all others, with a dot at its threshold.

    Dotted: the share of positives, which is the precision of a model that knows nothing.
    """
    counts = row["confusion"]
    share = (counts["true_positive"] + counts["false_negative"]) / sum(counts.values())
    dot = (row["recall"], row["precision"])
    title = f"Precision against recall of {row['backbone']}"
    return _curve_panel(title, "pr", row, dot, [(0, share), (1, share)])


def _curve_panel(
    title: str, kind: str, row: Row, dot: tuple[float, float], chance: list[tuple[float, float]]
) -> Markup:
    (x, y), *_ = _on_panel([dot])
    return drawing(
        title,
        _PANEL + 34,
        _PANEL + 26,
        *_frame(chance),
        element("use", href=f"#ghosts-{kind}"),
        polyline(_on_panel(row[kind]), "line"),
        element("circle", cx=x, cy=y, r=5, class_="mark"),
    )


def reliability_panel(row: Row) -> Markup:
    """Draw stated against observed probability; a dot's area is its number of pictures."""
    total = sum(many for _, _, many in row["reliability"])
    points = _on_panel([(mean, share) for mean, share, _ in row["reliability"]])
    dots = [
        element("circle", cx=x, cy=y, r=2.5 + 14 * math.sqrt(many / total), class_="bubble")
        for (x, y), (_, _, many) in zip(points, row["reliability"], strict=True)
    ]
    title = f"Stated and observed probability of {row['backbone']}"
    return drawing(
        title, _PANEL + 34, _PANEL + 26, *_frame([(0, 0), (1, 1)]), polyline(points, "line"), *dots
    )


def _frame(guide: list[tuple[float, float]]) -> list[Markup]:
    """Axes from 0 to 1 with a dotted line."""
    (left, bottom), (right, top) = _on_panel([(0, 0), (1, 1)])
    parts = [element("path", d=f"M{left} {top}V{bottom}H{right}", class_="axis")]
    parts.append(polyline(_on_panel(guide), "guide"))
    for value, text in ((0.0, "0"), (0.5, ".5"), (1.0, "1")):
        (x, y), *_ = _on_panel([(value, value)])
        parts.append(element("text", text, x=x, y=bottom + 18, text_anchor="middle"))
        parts.append(element("text", text, x=left - 7, y=y + 5, text_anchor="end"))
    return parts


def _on_panel(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(26 + _PANEL * x, 6 + _PANEL * (1 - y)) for x, y in points]


def confusion_panel(row: Row, positive: str) -> Markup:
    """Draw the four outcomes as squares: right answers tinted, mistakes in outline."""
    counts = row["confusion"]
    total = sum(counts.values())
    cells = (
        ("true_positive", 0, 0, "found"),
        ("false_negative", 1, 0, "missed"),
        ("false_positive", 0, 1, "false alarm"),
        ("true_negative", 1, 1, "passed"),
    )
    parts = []
    for name, column, line, text in cells:
        x, y, right = 104.0 * column, 84.0 * line, name.startswith("true")
        parts.append(
            element(
                "rect", x=x + 1, y=y + 1, width=100, height=80, rx=6, class_="right" if right else "wrong"
            )
        )
        parts.append(
            element("text", f"{counts[name]:,}", x=x + 51, y=y + 42, text_anchor="middle", class_="big")
        )
        parts.append(element("text", text, x=x + 51, y=y + 62, text_anchor="middle"))
    title = f"{row['backbone']} on {total:,} pictures; positive is {positive}"
    return drawing(title, 206, 168, *parts)


def share_bar(part: int, whole: int) -> Markup:
    """Draw a count as a share of a whole, for a table cell."""
    width = 100 * part / whole if whole else 0.0
    return element(
        "svg",
        element("rect", width=width, height=10, class_="share"),
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        class_="shares",
        aria_hidden="true",
    )


def functions() -> dict[str, Any]:
    """Name the pictures for the templates."""
    return {
        "interval_bar": interval_bar,
        "slice_bar": slice_bar,
        "ghosts": ghosts,
        "roc_panel": roc_panel,
        "pr_panel": pr_panel,
        "reliability_panel": reliability_panel,
        "confusion_panel": confusion_panel,
        "share_bar": share_bar,
    }
