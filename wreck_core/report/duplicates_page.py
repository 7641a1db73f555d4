"""The review page: which pictures were taken for the same, side by side, and keys to say otherwise."""

from typing import Any

from wreck_core.params import DedupParams
from wreck_core.report import html
from wreck_core.summary import count


def render(
    sections: list[dict[str, Any]], counts: dict[str, int], params: DedupParams, *, served: bool
) -> str:
    """Render the sections of a review to HTML; the same review gives the same bytes.

    `counts` are those of dedup.json. A page that is `served` takes decisions and says them to its
    own server; any other needs no script and has none.
    """
    style = html.source("style.css", "duplicates.css")
    script = html.source("duplicates.js") if served else ""
    return html.render(
        html.environment().get_template("duplicates.html"),
        style,
        script,
        connect=served,
        sections=sections,
        counts=counts,
        params=params,
        served=served,
        headline=_headline(sections, counts["unique"]),
    )


def _headline(sections: list[dict[str, Any]], unique: int) -> str:
    totals = {section["key"]: section["total"] for section in sections}
    waiting = [
        count(totals[key], noun, plural)
        for key, noun, plural in (
            ("conflicts", "contradiction", "contradictions"),
            ("review", "pair in doubt", "pairs in doubt"),
        )
        if key in totals
    ]
    if not waiting:
        return f"No pair is in doubt: {count(unique, 'picture')} are distinct."
    verb = "waits" if len(waiting) == 1 and waiting[0].startswith("1 ") else "wait"
    return f"{' and '.join(waiting)} {verb} for a person."
