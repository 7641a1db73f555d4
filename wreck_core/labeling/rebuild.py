"""A label store made again from the files that are versioned: labels.csv and label_events.jsonl.

A fresh clone has no store. Opened empty, the next export would wipe every label out of labels.csv.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from wreck_core import files
from wreck_core.errors import InputError, StorageError
from wreck_core.labeling import readback
from wreck_core.labeling.logged import LoggedEvent
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout


def open_store(layout: Layout) -> Store:
    """Open the workspace's label store; a new one begins with what the versioned files hold.

    What labels.csv says beyond it came by git, from another clone, or was edited by hand: it is taken in,
    or the next export would cut it out. Raises InputError when a file cannot be read.
    """
    if not is_there(layout):
        with files.locked(layout.locks, "label-store"):
            if not is_there(layout):
                _rebuild(layout)
    with ExitStack() as closing:
        store = closing.enter_context(Store(layout.label_db))
        if came := list(readback.news(layout.labels, store.answers())):
            store.restore(came)
        closing.pop_all()
    return store


def is_there(layout: Layout) -> bool:
    """Whether there is a label store; an empty file, as a machine that died may leave, is none."""
    return layout.label_db.exists() and layout.label_db.stat().st_size > 0


def _rebuild(layout: Layout) -> None:
    """Make the store beside its place and rename it: a kill must not leave an empty one that hides labels."""
    events = list(read_log(layout.label_events))
    logged = {event["sha256"] for event in events}
    # The log is in the DVC cache, labels.csv in git: a clone may have the second alone.
    events += [event for event in readback.events(layout.labels) if event["sha256"] not in logged]
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
        for side in ("-wal", "-shm"):  # of a store that was lost: its pages would be played onto ours
            layout.label_db.with_name(layout.label_db.name + side).unlink(missing_ok=True)
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
