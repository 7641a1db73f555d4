"""The picture of what a better model costs in time, with labels that stay off each other."""

from itertools import product

from markupsafe import Markup

from wreck_core.report.board import Row
from wreck_core.report.charts import Focus
from wreck_core.report.svg import Scale, drawing, element, linear_ticks, log_ticks
from wreck_core.report.words import number, visible

Box = tuple[float, float, float, float]


def speed_plot(rows: list[Row], recommended: str | None, width: int = 700) -> Markup:
    """Draw AUC with its interval against milliseconds a picture, on a logarithmic axis."""
    timed = [row for row in rows if row["status"] == "ok" and row["ms_per_image_p50"]]
    focus = Focus.of(timed)
    times = [row["ms_per_image_p50"] for row in timed]
    x = Scale(min(times) / 1.5, max(times) * 1.5, 52, width - 20, log=True)
    y = Scale(focus.low, focus.high, 330, 36)
    parts = []
    for at in linear_ticks(focus.low, focus.high):
        parts.append(element("path", d=f"M52 {y(at):.1f}H{width - 20}", class_="grid"))
        parts.append(element("text", number(at, 2), x=44, y=y(at) + 5, text_anchor="end"))
    for at in log_ticks(x.low, x.high):
        parts.append(element("text", f"{at:g}", x=x(at), y=354, text_anchor="middle"))
    parts.append(element("text", "ROC AUC", x=0, y=14))
    parts.append(element("text", "ms a picture", x=width - 20, y=376, text_anchor="end"))
    dots = [(x(row["ms_per_image_p50"]), y(max(row["roc_auc"], focus.low))) for row in timed]
    names = [_label(row, focus, width) for row in timed]
    labels = _place_labels(dots, names, width)
    for row, name, (dot_x, dot_y), (label_x, label_y, anchor) in zip(timed, names, dots, labels, strict=True):
        kind = "chosen" if row["backbone"] == recommended else "other"
        if focus.holds(row):
            low, high = y(max(row["roc_auc_low"], focus.low)), y(row["roc_auc_high"])
            parts.append(element("path", d=f"M{dot_x:.1f} {low:.1f}V{high:.1f}", class_=f"whisker {kind}"))
            parts.append(element("circle", cx=dot_x, cy=dot_y, r=6, class_=f"spot {kind}"))
        else:
            arrow = f"M{dot_x - 6:.1f} {dot_y - 10:.1f}h12l-6 9z"
            parts.append(element("path", d=arrow, class_=f"spot {kind}"))
        parts.append(element("text", name, x=label_x, y=label_y, text_anchor=anchor, class_=f"name {kind}"))
    return drawing("ROC AUC against milliseconds a picture", width, 384, *parts, class_="plot speed")


def _label(row: Row, focus: Focus, page: int) -> str:
    name = visible(row["backbone"], limit=min(24, page // 20))
    return name if focus.holds(row) else f"{name} {number(row['roc_auc'])}"


def _place_labels(
    dots: list[tuple[float, float]], names: list[str], page: int
) -> list[tuple[float, float, str]]:
    """Put each label beside its dot where it covers no other label or dot, if there is such a place."""
    taken = [(x - 7, y - 7, x + 7, y + 7) for x, y in dots]
    placed = []
    for (x, y), name in zip(dots, names, strict=True):
        width = 8.0 * len(name)
        places = [
            (x + side * 11, y + 5 + drop, side)
            for drop, side in product((0, -14, 14, -26, 26, -40, 40), (1, -1))
        ]
        boxes = [
            (left if side > 0 else left - width, base - 12, left + width if side > 0 else left, base + 3)
            for left, base, side in places
        ]
        free = [
            at
            for at, box in enumerate(boxes)
            if _inside(box, page) and not any(_overlap(box, t) for t in taken)
        ]
        best = free[0] if free else 0
        taken.append(boxes[best])
        at_x, at_y, side = places[best]
        placed.append((at_x, at_y, "start" if side > 0 else "end"))
    return placed


def _inside(box: Box, page: int) -> bool:
    return box[0] >= 52 and box[2] <= page - 2 and box[1] >= 20 and box[3] <= 338


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
