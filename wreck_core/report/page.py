"""The page: one HTML file from one report, without a clock, a network or a script that it needs."""

import base64
import hashlib
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from wreck_core.report import charts, words
from wreck_core.report.board import COLUMNS
from wreck_core.report.charts import Focus
from wreck_core.report.exports import rank_label


def render(report: dict[str, Any]) -> str:
    """Render report.json to HTML; the same report gives the same bytes.

    Text from outside is escaped and stripped of invisible characters. The content security policy allows
    this file's own style and script by hash, pictures by data URI, and nothing else.
    """
    style, script = _source("style.css"), _source("sort.js")
    scored = [row for row in report["rows"] if row["status"] != "failed"]
    return (
        _environment()
        .get_template("page.html")
        .render(
            report=report,
            scored=scored,
            ok=[row for row in scored if row["status"] == "ok"],
            failed=[row for row in report["rows"] if row["status"] == "failed"],
            leader=next((row for row in scored if row["backbone"] == report["verdict"]["leader"]), None),
            recommended=next(
                (row for row in scored if row["backbone"] == report["verdict"]["recommended"]), None
            ),
            focus=Focus.of(scored),
            columns=COLUMNS,
            style=Markup(style),  # noqa: S704 - a file of this package
            script=Markup(script),  # noqa: S704 - a file of this package
            policy=f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}",
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("wreck_core.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "visible": words.visible,
        "number": words.number,
        "count": words.count,
        "plain": _plain,
        "web": _web,
    }
    environment.globals |= {
        "interval": words.interval,
        "rank_label": rank_label,
        **charts.functions(),
    }
    return environment


def _source(name: str) -> str:
    return (files("wreck_core.report") / "templates" / name).read_text(encoding="utf-8")


def _hash(source: str) -> str:
    digest = hashlib.sha256(source.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


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


def _web(url: str) -> str:
    """Give a URL only if it is safe to link to, else ''."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:  # such as an unclosed bracket in the host
        return ""
    return url if scheme in ("http", "https") else ""
