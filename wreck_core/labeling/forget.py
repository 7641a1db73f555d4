"""Take pictures out of the label store for good: the one exception to its log being append-only."""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from wreck_core.errors import StorageError
from wreck_core.labeling.database import BUSY_S


def forget(path: Path, sha256s: Collection[str]) -> int:
    """Delete all tasks and events of pictures, and what SQLite keeps of deleted rows; count the events.

    Raises StorageError when the store is damaged, or somebody else keeps it from being rewritten.
    """
    names = [(sha256,) for sha256 in sha256s]
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)) as database:
            database.execute("PRAGMA secure_delete = ON")
            database.execute("BEGIN IMMEDIATE")
            guards = database.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'event_no_%'"
            ).fetchall()
            for name, _ in guards:
                database.execute(f"DROP TRIGGER {name}")
            events = database.executemany("DELETE FROM label_event WHERE sha256 = ?", names).rowcount
            database.executemany("DELETE FROM task WHERE sha256 = ?", names)
            for _, sql in guards:
                database.execute(sql)
            database.execute("COMMIT")
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StorageError(
            f"pictures could not be taken out: {error}",
            where=str(path),
            fix="close every labelling window, then run the same command again",
        ) from error
    return events
