"""The page: one HTML file from one report, without a clock, a network or a script that it needs."""

from typing import Any

from jinja2 import Environment

from wreck_core.evaluation.slices import MIN_IMAGES
from wreck_core.report import charts, curves, html, thresholds, words
from wreck_core.report.board import COLUMNS, Row
from wreck_core.report.charts import Focus
from wreck_core.report.exports import rank_label
from wreck_core.report.speed_plot import speed_plot

_WORST_PAIRS = 5


def render(report: dict[str, Any]) -> str:
    """Render report.json to HTML; the same report gives the same bytes.

    Text from outside is escaped and stripped of invisible characters. The content security policy allows
    this file's own style and script by hash, pictures by data URI, and nothing else.
    """
    scored = [row for row in report["rows"] if row["status"] != "failed"]
    ok = [row for row in scored if row["status"] == "ok"]
    shown_slices = _few(report["slices"].get(report["verdict"]["leader"], []))
    named = {row["backbone"]: row for row in scored}
    return html.render(
        _environment().get_template("page.html"),
        html.source("style.css"),
        html.source("sort.js", "threshold.js", "pairs.js", "gallery.js", "theme.js"),
        report=report,
        scored=scored,
        ok=ok,
        failed=[row for row in report["rows"] if row["status"] == "failed"],
        leader=named.get(report["verdict"]["leader"]),
        recommended=named.get(report["verdict"]["recommended"]),
        focus=Focus.of(scored),
        shown_slices=shown_slices,
        slice_scale=charts.slice_scale(shown_slices),
        min_images=MIN_IMAGES,
        disputed={(pair["better"], pair["worse"]) for pair in _disputes(report) if pair["pictures"]},
        picker=thresholds.picker(report, [row["backbone"] for row in ok]),
        columns=COLUMNS,
    )


def _disputes(report: dict[str, Any]) -> list[Row]:
    disputes: list[Row] = report["gallery"]["disputes"] if report["gallery"] else []
    return disputes


def _few(rows: list[Row]) -> list[Row]:
    """Choose the slices worth a look: those of one property, and the worst pairs of two."""
    pairs = [row for row in rows if " & " in row["slice"]][:_WORST_PAIRS]
    return [row for row in rows if " & " not in row["slice"] or row in pairs]


def _environment() -> Environment:
    made = html.environment()
    made.filters |= {"plain": _plain}
    made.globals |= {
        "interval": words.interval,
        "signs": words.SIGNS,
        "rank_label": rank_label,
        "speed_plot": speed_plot,
        **charts.functions(),
        **curves.functions(),
    }
    return made


def _plain(value: Any) -> str:
    """Show any value of a cell: numbers short, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(inner) for inner in value)
    return words.visible(str(value))
