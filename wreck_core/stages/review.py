"""The review of what dedup found: a page to look at, and a server that takes decisions from it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from wreck_core import clock, files
from wreck_core.dataset import labels as label_file
from wreck_core.dedup import decisions
from wreck_core.dedup.decisions import Decision
from wreck_core.dedup.review import Review
from wreck_core.errors import InputError
from wreck_core.labeling.question import check_name
from wreck_core.layout import Layout
from wreck_core.pageserver import PageServer
from wreck_core.params import Params
from wreck_core.report import duplicates_page
from wreck_core.stages import dedup
from wreck_core.summary import Summary

SAME = {"same": True, "different": False, "": None}


def run(params: Params, layout: Layout) -> Summary:
    """Write reports/duplicates.html. No limit stops it: it is for looking at what went wrong, too.

    Raises InputError when nothing was scraped.
    """
    sections, counts = _look(params, layout)
    page = layout.reports / "duplicates.html"
    files.write_text(page, duplicates_page.render(sections, counts, params.dedup, served=False))
    return Summary(
        headline=f"open {layout.relative(page)}",
        rows=tuple((name.replace("_", " "), value) for name, value in counts.items()),
        notes=("to decide in the browser run `wreck dedup --review --serve`",) if sections else (),
        data={"page": layout.relative(page), "groups": {each["key"]: each["total"] for each in sections}},
    )


def serve(params: Params, layout: Layout, annotator: str, announce: Callable[[str], None]) -> Summary:
    """Serve the page on this machine until Ctrl-C, and write down what `annotator` decides in it.

    `announce` is told the address. Raises UsageError for a name that is none, InputError when nothing was
    scraped.
    """
    check_name(annotator)
    known = set(dedup.search(params, layout)[0].sha256)
    with PageServer(
        page=lambda: duplicates_page.render(*_look(params, layout), params.dedup, served=True),
        answer=lambda question: decide(layout, known, annotator, question),
    ) as server:
        announce(server.url)
        with suppress(KeyboardInterrupt):  # the way to end it
            server.serve_forever()
    many = len(decisions.read(layout.decisions))
    return Summary(
        headline=f"{many:,} decisions in {layout.relative(layout.decisions)}",
        notes=("run `dvc repro` to act on them",) if many else (),
    )


def decide(layout: Layout, known: set[str], annotator: str, question: Any) -> dict[str, Any]:
    """Write down one answer of the page: {"one": sha256, "other": sha256, "said": same|different|""}.

    Raises InputError for anything else, or pictures that are not `known`.
    """
    match question:
        case {"one": str(one), "other": str(other), "said": str(said)} if said in SAME:
            if one == other or not {one, other} <= known:
                raise InputError("these are no two pictures of this dataset")
            decisions.remember(layout, Decision(one, other, SAME[said], annotator, clock.now()))
            return {"decisions": len(decisions.read(layout.decisions))}
    raise InputError("is no decision")


def _look(params: Params, layout: Layout) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Search anew; gives the sections of the page and the counts of dedup.json with `decisions`."""
    candidates, found = dedup.search(params, layout)
    decided = decisions.read_all(layout.decisions)
    labels = label_file.read(layout.labels, params.labels.classes)
    sections = Review(found, candidates, labels, decided, layout.root).sections()
    return sections, {**dedup.count(found, len(candidates)), "decisions": len(decided)}
