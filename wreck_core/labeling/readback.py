"""labels.csv read back: what git or somebody's hand put there that the label store has not said itself."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from wreck_core import clock
from wreck_core.labeling import labels_csv, votes
from wreck_core.labeling.consensus import UNDECIDED, decide
from wreck_core.labeling.logged import LoggedEvent
from wreck_core.labeling.schema import ADJUDICATE, PRIMARY, answer_kind
from wreck_core.params import CONFLICT, LIST_ANNOTATOR

HAND = "labels.csv"  # the annotator of a verdict that none of its votes explains
_SIDES = "xywh"
_CELLS = (
    ("label", "label"),
    ("annotator", "annotator"),
    ("labeled_at", "at"),
    ("flags", "flags"),
    *((side, side) for side in _SIDES),
)  # what one answer puts into its row


def events(path: Path) -> Iterator[dict[str, Any]]:
    """Give each row as events, one for each voice that it names; none without the file.

    Raises InputError when it is no labels.csv.
    """
    for row in labels_csv.rows(path):
        yield from _judged(path, _as_events(row))


def news(path: Path, log: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give the events behind what `log`, all answers of a store (`Log.answers`), does not explain.

    All of a picture that the log does not know: it was labelled in another clone. Of the others a voice
    that is new or later than what the log has of it, and one whose cells were edited in place, which then
    counts from now on. Not a state of earlier: the file may be older than the store, after a kill or a
    checkout, and must take nothing back. Raises InputError when the file is no labels.csv.
    """
    said: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for answer in log:
        said[answer["sha256"]].append(answer)
    for row in labels_csv.rows(path):
        before = said.get(row.get("sha256", ""))
        if before is None:
            yield from _judged(path, _as_events(row))
        elif not any(_one_voice_of(row, answer) for answer in before):
            yield from _judged(path, _unheard(row, before))


def _judged(path: Path, found: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    try:
        for event in found:
            yield LoggedEvent.model_validate(event).fields()
    except (KeyError, ValueError):
        raise labels_csv.unreadable(path) from None


def _as_events(row: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Give the votes, the first to come first, and the verdict where it is none of them."""
    said = list(votes.of(row))
    by_list_first = row.get("selection") == "list"
    for vote in sorted(said, key=lambda vote: _from_list(vote["annotator"]) != by_list_first):
        # Of a voice that was outvoted nothing but its label is known.
        won = row["label"] in (vote["label"], UNDECIDED)
        unknown = {} if won else dict.fromkeys((*_SIDES, "flags"), "")
        first_round = PRIMARY if row["round"] == ADJUDICATE else row["round"]
        yield _as_event({**row, **unknown, **vote, "round": first_round}, f":{vote['annotator']}")
    if not said or row["round"] == ADJUDICATE:
        yield _as_event(row)


def _as_event(row: dict[str, str], voice: str = "") -> dict[str, Any]:
    from_list = _from_list(row["annotator"])
    return {
        "uid": f"labels.csv:{row['sha256']}{voice}",
        **{name: row[name] for name in ("sha256", "round", "annotator", "label", "flags")},
        **{side: float(row[side]) if row[side] else None for side in _SIDES},
        "kind": "import" if from_list else answer_kind(row["round"], row["label"]),
        "note": "from labels.csv",
        "undoes": None,
        "at": row["labeled_at"],
        # The task that a person's label settled; a list's settled none.
        "strategy": "" if from_list else row.get("selection") or "",
        "gold": None,
    }


def _from_list(annotator: str) -> bool:
    return annotator.startswith(LIST_ANNOTATOR)


def _unheard(row: dict[str, str], before: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give the events of a row about a known picture that none of the answers `before` explains."""
    found = list(_as_events(row))
    for event in found:
        own = [answer for answer in before if answer["annotator"] == event["annotator"]]
        # Where several share a row its time, box and flags are not those of each.
        shared = len(found) > 1 and event["kind"] != ADJUDICATE
        if any(answer["label"] == event["label"] and (shared or _same(event, answer)) for answer in own):
            continue
        times = {answer["at"] for answer in own}
        if event["at"] in times:
            yield _anew(event)
        elif event["at"] > max(times, default=""):
            yield {**event, "uid": f"{event['uid']}:{event['label']}:{event['at']}"}
    by_vote = decide(row["sha256"], [{**event, "selection": ""} for event in found]).label
    if row["round"] != ADJUDICATE and by_vote != row["label"]:
        yield _anew(_as_event({**row, "annotator": HAND, "round": ADJUDICATE}))


def _anew(event: dict[str, Any]) -> dict[str, Any]:
    """Make an event of cells that were edited in place, under the time of what they said before."""
    cells = ":".join(str(event[name]) for name in ("annotator", "label", "flags", *_SIDES, "at"))
    uid = f"labels.csv:{event['sha256']}:{cells}"
    return {**event, "uid": uid, "at": clock.now(), "note": "edited in labels.csv"}


def _same(event: dict[str, Any], answer: dict[str, Any]) -> bool:
    names = ("at", *_SIDES)
    return all(event[name] == answer[name] for name in names) and _flags(event) == _flags(answer)


def _flags(event: dict[str, Any]) -> set[str]:
    return set(event["flags"].split()) - {CONFLICT}


def _one_voice_of(row: dict[str, str], answer: dict[str, Any]) -> bool:
    """Whether a row is just what one answer says, as nearly all are: not worth a longer look."""
    return not row.get("votes") and all(
        row.get(cell) == str(answer[name] if answer[name] is not None else "") for cell, name in _CELLS
    )
