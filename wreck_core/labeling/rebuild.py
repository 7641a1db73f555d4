"""A label store made again from the files that are versioned: labels.csv and label_events.jsonl.

A fresh clone has no store. Opened empty, the next export would wipe every label out of labels.csv.
"""

import csv
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from wreck_core import files
from wreck_core.errors import InputError, StorageError
from wreck_core.labeling import votes
from wreck_core.labeling.consensus import LIST_ANNOTATOR, UNDECIDED
from wreck_core.labeling.logged import LoggedEvent
from wreck_core.labeling.schema import ADJUDICATE, PRIMARY, answer_kind
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout


def open_store(layout: Layout) -> Store:
    """Open the workspace's label store; a new one begins with what the versioned files hold.

    Pictures in labels.csv that it has never heard of were labelled in another clone, and came by git: their
    labels are taken in, or the next export would cut them out. Raises InputError when a file cannot be read.
    """
    if not layout.label_db.exists():
        with files.locked(layout.locks, "label-store"):
            if not layout.label_db.exists():
                _rebuild(layout)
    store = Store(layout.label_db)
    try:
        known = store.pictures()
        if elsewhere := [event for event in _final(layout.labels) if event["sha256"] not in known]:
            store.restore(elsewhere)
    except BaseException:
        store.close()
        raise
    return store


def _rebuild(layout: Layout) -> None:
    """Make the store beside its place and rename it: a kill must not leave an empty one that hides labels."""
    events = list(read_log(layout.label_events))
    logged = {event["sha256"] for event in events}
    # The log is in the DVC cache, labels.csv in git: a clone may have the second alone.
    events += [event for event in _final(layout.labels) if event["sha256"] not in logged]
    with TemporaryDirectory(dir=layout.state) as folder:
        fresh = Path(folder) / layout.label_db.name
        with Store(fresh) as store:
            try:
                store.restore(events)
            except KeyError as error:
                raise _contradicts(layout, f"takes back an event that it does not hold: {error}") from None
            except StorageError as error:
                if isinstance(error.__cause__, sqlite3.IntegrityError):
                    raise _contradicts(layout, f"contradicts itself: {error.__cause__}") from None
                raise
        layout.label_db.parent.mkdir(parents=True, exist_ok=True)
        fresh.replace(layout.label_db)


def _contradicts(layout: Layout, what: str) -> InputError:
    return InputError(what, where=str(layout.label_events), fix="restore it with `dvc checkout`")


def read_log(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the events of label_events.jsonl, none without it. Raises InputError at a line that is none."""
    if not path.exists():
        return
    with path.open("rb") as log:
        for number, line in enumerate(log, 1):
            try:
                yield LoggedEvent.model_validate_json(line).fields()
            except ValueError:
                raise InputError(
                    "is no label event", where=f"{path}:{number}", fix="restore it with `dvc checkout`"
                ) from None


def _final(path: Path) -> Iterator[dict[str, Any]]:
    """Give each row of labels.csv as events: one for each voice that it names."""
    if not path.exists():
        return
    try:
        with path.open(encoding="utf-8", newline="") as table:
            for row in csv.DictReader(table, strict=True):
                if None in row or None in row.values():
                    raise ValueError("a row of another length")
                for event in _as_events(row):
                    yield LoggedEvent.model_validate(event).fields()
    except (KeyError, ValueError, csv.Error):
        raise InputError("is no labels.csv", where=str(path), fix="restore it with `git checkout`") from None


def _as_events(row: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Give the votes, the first to come first, and the verdict where it is none of them."""
    said = list(votes.of(row))
    by_list_first = row.get("selection") == "list"
    for vote in sorted(said, key=lambda vote: _from_list(vote["annotator"]) != by_list_first):
        # Of a voice that was outvoted nothing but its label is known.
        won = row["label"] in (vote["label"], UNDECIDED)
        unknown = {} if won else dict.fromkeys((*"xywh", "flags"), "")
        first_round = PRIMARY if row["round"] == ADJUDICATE else row["round"]
        yield _as_event({**row, **unknown, **vote, "round": first_round}, f":{vote['annotator']}")
    if not said or row["round"] == ADJUDICATE:
        yield _as_event(row)


def _as_event(row: dict[str, str], voice: str = "") -> dict[str, Any]:
    from_list = _from_list(row["annotator"])
    return {
        "uid": f"labels.csv:{row['sha256']}{voice}",
        **{name: row[name] for name in ("sha256", "round", "annotator", "label", "flags")},
        **{side: float(row[side]) if row[side] else None for side in "xywh"},
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
