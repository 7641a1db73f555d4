"""backup: the ledger and the label store as they are at one moment, beside the work; and the way back.

Pictures, candidates and the label log are DVC's to keep; these two databases are not versioned.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from wreck_core import clock, databases, files
from wreck_core.errors import BusyError, InputError, UsageError, WreckError
from wreck_core.labeling import rebuild
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.summary import Summary

KEPT = 7  # of each database
_TABLE = {"ledger": "urls", "labels": "label_event"}  # that tells one from the other
_LOCK = {"ledger": "scrape", "labels": "label-store"}
_REPLACED = "replaced"  # what a restore set aside


def run(params: Params, layout: Layout) -> Summary:
    """Copy both databases, where there are any, while others go on writing; keep the last seven of each.

    Raises StorageError when one is damaged or the disk fails.
    """
    made = []
    for name, live in _databases(layout).items():
        if live.exists():
            copy = layout.backups / f"{name}-{clock.stamp()}.db"
            with files.replacing(copy) as temp:
                databases.copy(live, temp)
            made.append(copy)
            for old in _backups(layout, name)[KEPT:]:
                old.unlink()
    return Summary(
        headline=f"backed up: {', '.join(path.stem for path in made)}" if made else "nothing to back up yet",
        rows=tuple((layout.relative(path), f"{path.stat().st_size / 1e6:.1f} MB") for path in made),
        data={"backups": [layout.relative(path) for path in made]},
    )


def restore(params: Params, layout: Layout, name: str, source: Path | None = None) -> Summary:
    """Put a backup, the newest or `source`, in the place of a database; set aside what is there.

    Labels given since the backup come back from the log, and from the store where it can be read. URLs that
    ended since are asked for again. Raises UsageError for another name, InputError without a sound backup,
    BusyError while somebody has the database open.
    """
    if name not in _TABLE:
        raise UsageError(f"there is no database {name!r}", fix=f"name one: {' or '.join(_TABLE)}")
    live, chosen = _databases(layout)[name], source or next(iter(_backups(layout, name)), None)
    if chosen is None:
        raise InputError("there is no backup", where=str(layout.backups), fix="name one with --from")
    if not databases.is_sound(chosen, _TABLE[name]):
        raise InputError(f"is no sound backup of {name}", where=str(chosen), fix="name another with --from")
    with files.locked(layout.locks, _LOCK[name]):
        if user := databases.user_of(live):
            raise BusyError(f"busy: {live.name} is open in {user}", where=str(live), fix="end it first")
        with files.replacing(live) as temp:
            shutil.copyfile(chosen, temp)
            if name == "labels":
                with Store(temp) as store:
                    store.restore(_later(live, layout))
            aside = _set_aside(layout, live)
    return Summary(
        headline=f"{layout.relative(live)} is that of {chosen.name}",
        notes=(f"what was there is kept as {layout.relative(aside)}",) if aside else (),
        data={"from": str(chosen)},
    )


def forget(layout: Layout) -> int:
    """Delete every backup, and count them: none of them may bring back what was taken down."""
    found = list(layout.backups.glob("*"))
    for path in found:
        path.unlink()
    return len(found)


def _databases(layout: Layout) -> dict[str, Path]:
    return {"ledger": layout.ledger, "labels": layout.label_db}


def _backups(layout: Layout, name: str) -> list[Path]:
    """Give the backups of a database, the newest first."""
    return sorted(layout.backups.glob(f"{name}-*.db"), reverse=True)


def _later(live: Path, layout: Layout) -> Iterator[dict[str, Any]]:
    """Yield the events that the store at `live` and the log still have, as far as each can be read."""
    with suppress(WreckError, sqlite3.Error):  # it is damaged: that is why there is a backup
        if live.exists():
            with Store(live) as store:
                yield from store.events()
    yield from rebuild.read_log(layout.label_events)


def _set_aside(layout: Layout, live: Path) -> Path | None:
    """Move a database to the backups, its write-ahead log first: alone it must not meet another's."""
    if not live.exists():
        return None
    aside = layout.backups / f"{_REPLACED}-{live.stem}-{clock.stamp()}.db"
    aside.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("-wal", "-shm", ""):
        part = live.with_name(live.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))
    return aside
