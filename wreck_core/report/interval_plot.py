"""The board's intervals as one picture that needs no page around it: for messages and others' pages."""

from typing import Any

from wreck_core.report.board import Row
from wreck_core.report.charts import Focus
from wreck_core.report.svg import Scale, element, linear_ticks
from wreck_core.report.words import interval, number, visible

_LINE, _NAMES, _PLOT, _SAID = 26.0, 190.0, 360.0, 190.0
_INK, _FAINT, _OK, _OTHER = "#1a1a1a", "#c9c9c9", "#0072b2", "#8a8a8a"  # blue of Okabe and Ito
_FONT: dict[str, str | int] = {"font_family": "sans-serif", "font_size": 13, "fill": _INK}


def interval_plot(report: dict[str, Any]) -> str:
    """Draw each ranked row's AUC and interval as SVG text on white; '' when nothing could be trained.

    Rows far below the leader are off the left edge, as on the leaderboard's page.
    """
    rows = [row for row in report["rows"] if row["roc_auc"] is not None]
    if not rows:
        return ""
    focus = Focus.of(rows)
    x = Scale(focus.low, focus.high, _NAMES, _NAMES + _PLOT)
    width, height = _NAMES + _PLOT + _SAID, _LINE * (len(rows) + 1.5)
    ticks = [tick for value in linear_ticks(focus.low, focus.high) for tick in _tick(x(value), value, height)]
    drawn = [part for at, row in enumerate(rows) for part in _row(row, x, (at + 0.7) * _LINE)]
    return str(
        element(
            "svg",
            element("title", "ROC AUC of every row with its interval"),
            element("rect", width=width, height=height, fill="#ffffff"),
            *ticks,
            *drawn,
            xmlns="http://www.w3.org/2000/svg",
            width=width,
            height=height,
        )
    )


def _tick(at: float, value: float, height: float) -> tuple[str, str]:
    foot = height - _LINE
    label = element("text", number(value, 2), x=at, y=foot + 17, text_anchor="middle", **_FONT)
    return (element("path", d=f"M{at:.2f} 4V{foot:.2f}", stroke=_FAINT), label)


def _row(row: Row, x: Scale, y: float) -> list[str]:
    colour = _OK if row["status"] == "ok" else _OTHER
    low, high = (max(row[name], x.low) for name in ("roc_auc_low", "roc_auc_high"))
    said = f"{number(row['roc_auc'])} {interval(row['roc_auc_low'], row['roc_auc_high'])}"
    parts: list[str] = [
        element("text", visible(row["backbone"], 26), x=_NAMES - 10, y=y + 4, text_anchor="end", **_FONT),
        element("text", said, x=x.end + 12, y=y + 4, **_FONT),
    ]
    if high > x.low:
        path = f"M{x(low):.2f} {y:.2f}H{x(high):.2f}"
        parts.append(element("path", d=path, stroke=colour, stroke_width=3))
    if row["roc_auc"] >= x.low:
        parts.append(element("circle", cx=x(row["roc_auc"]), cy=y, r=5, fill=colour))
    else:
        off = "\N{BLACK LEFT-POINTING SMALL TRIANGLE}"
        parts.append(element("text", off, x=x.start + 3, y=y + 4, **_FONT))
    return parts
