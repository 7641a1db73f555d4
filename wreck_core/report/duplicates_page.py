"""The review page: which pictures were taken for the same, side by side, and keys to say otherwise."""

from typing import Any

from wreck_core.params import DedupParams
from wreck_core.report import html
from wreck_core.report.words import count


def render(
    sections: list[dict[str, Any]], counts: dict[str, int], params: DedupParams, *, served: bool
) -> str:
    """Render the sections of a review to HTML; the same review gives the same bytes.

    `counts` are those of dedup.json. A page that is `served` takes decisions and says them to its
    own server; any other needs no script and has none.
    """
    style = html.source("style.css", "duplicates.css")
    script = html.source("duplicates.js") if served else ""
    return (
        html.environment()
        .get_template("duplicates.html")
        .render(
            sections=sections,
            counts=counts,
            params=params,
            served=served,
            headline=_headline(counts),
            style=style,
            script=script,
            policy=html.policy(style, script, connect=served),
        )
    )


def _headline(counts: dict[str, int]) -> str:
    pairs = counts["review_pairs"] + counts["mirror_pairs"]
    waiting = [
        words
        for many, words in (
            (counts["conflicts"], count(counts["conflicts"], "contradiction")),
            (pairs, f"{count(pairs, 'pair')} in doubt"),
        )
        if many
    ]
    if not waiting:
        return f"No pair is in doubt: {count(counts['unique'], 'picture')} are distinct."
    verb = "waits" if len(waiting) == 1 and 1 in (counts["conflicts"], pairs) else "wait"
    return f"{' and '.join(waiting)} {verb} for a person."
