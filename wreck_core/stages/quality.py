"""How good the labels are: agreement, annotators, the history of a picture, labels that models doubt."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from wreck_core import files
from wreck_core.errors import InputError
from wreck_core.ingest.urls import normalise, url_id
from wreck_core.labeling import agreement, quality, rebuild
from wreck_core.labeling.schema import AUDIT, PRIMARY, SECOND
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.summary import Summary, count

KAPPA, ALPHA = "\N{GREEK SMALL LETTER KAPPA}", "\N{GREEK SMALL LETTER ALPHA}"
NAMES = {"kappa": f"Cohen's {KAPPA}", "alpha": f"Krippendorff's {ALPHA}"}
SIGNS = {"kappa": KAPPA, "alpha": ALPHA}
HISTORY = ("at", "annotator", "round", "kind", "label", "flags", "note", "standing")


def agree(params: Params, layout: Layout) -> Summary:
    """Measure how far annotators agree, all together and by pair."""
    with rebuild.open_store(layout) as store:
        overall, pairs = agreement.measure(
            store.current_labels(), params.report.bootstrap, params.report.confidence, params.report.seed
        )
    if overall is None:
        return Summary(
            "nobody shares a picture with somebody else yet",
            notes=("run `wreck enqueue --round second`, then somebody else `wreck label --round second`",),
            data={"agreement": []},
        )
    measured = [overall, *pairs] if len(overall.annotators) > 2 else pairs
    name = NAMES[overall.coefficient]
    return Summary(
        f"{name} {_limits(asdict(overall))} on {overall.n:,} pictures",
        data={"agreement": [asdict(each) for each in measured]},
    )


def as_rows(measured: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put what `agree` measured into words, a row for each."""
    return [
        {
            "annotators": " · ".join(each["annotators"]),
            "pictures": each["n"],
            "equal": each["observed"],
            "beyond chance": f"{SIGNS[each['coefficient']]} {_limits(each)}",
        }
        for each in measured
    ]


def _limits(each: dict[str, Any]) -> str:
    if each["value"] is None:
        return "is not defined: all labels are one"
    return f"{each['value']:.3f} [{each['low']:.3f}, {each['high']:.3f}]"


def stats(params: Params, layout: Layout) -> Summary:
    """Sum up each annotator: labels, seconds a picture, agreement with the others, known answers."""
    with rebuild.open_store(layout) as store:
        annotators = [asdict(each) for each in quality.by_annotator(store)]
        current = store.current_labels()
        queue = {name: store.counts(name) for name in (PRIMARY, SECOND, AUDIT)}
    same, seen = quality.kept(current, AUDIT)
    rows = (("audited labels", seen), ("of them confirmed", same)) if seen else ()
    return Summary(
        f"{len(current):,} labels of {count(len(annotators), 'annotator')}",
        rows=rows,
        data={"annotators": annotators, "audit": {"n": seen, "confirmed": same}, "queue": queue},
    )


def history(layout: Layout, target: str) -> Summary:
    """Tell all that was ever said of a picture, by its sha256, the beginning of it, or one of its URLs.

    Raises InputError when there is no such picture, several begin so, or nothing was said of it.
    """
    with rebuild.open_store(layout) as store:
        events = [event for sha256 in _pictures(layout, store, target) for event in store.history(sha256)]
    if not events:
        raise InputError("nobody has said anything of this picture", where=target, fix="run `wreck label`")
    return Summary(f"{count(len(events), 'event')} of {events[0]['sha256']}", data={"events": events})


def _pictures(layout: Layout, store: Store, target: str) -> list[str]:
    if "://" not in target:
        begun = store.pictures_of(target.lower())
        if len(begun) > 1:
            raise InputError(
                f"{len(begun):,} pictures begin so", where=target, fix="write more of the sha256"
            )
        return begun
    layout.require_pictures()
    table = files.read_table(layout.candidates, columns=["url_id", "sha256"])
    found = table.sha256[table.url_id == url_id(normalise(target))].unique().tolist()
    if not found:
        raise InputError("is no URL that gave a picture", where=target, fix="look at `wreck status`")
    return found
