"""The label store's file: a connection, its tables, and transactions.

SQLite in WAL mode with synchronous=FULL: what is committed survives a kill -9.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from wreck_core.errors import StorageError
from wreck_core.labeling.schema import SCHEMA, VERSION

BUSY_S = 30.0


class Database:
    """A connection to one label store; a context manager. Not for two threads at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise _fault(path, error) from error
        with ExitStack() as failed:
            failed.callback(self._db.close)
            self._prepare()
            failed.pop_all()

    def _prepare(self) -> None:
        self._db.row_factory = sqlite3.Row
        try:
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self._db.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            raise _fault(self._path, error) from error
        with self._transaction():
            known = self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'task'").fetchone()
            if not known:
                for statement in _statements(SCHEMA):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {VERSION}")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version != VERSION:
            raise StorageError(
                "is a label store of another version of this program",
                where=str(self._path),
                fix="write its labels out with that version (`wreck labels export`), then delete the file:"
                " it is made again from them",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if isinstance(error, sqlite3.Error):
            raise _fault(self._path, error) from error

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db, self._path)


class _Transaction:
    """BEGIN IMMEDIATE … COMMIT; SQLite's own faults become StorageError."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db, self._path = db, path

    def __enter__(self) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise _fault(self._path, error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._db.execute("COMMIT" if error is None else "ROLLBACK")
        except sqlite3.Error as fault:
            raise _fault(self._path, fault) from fault
        if isinstance(error, sqlite3.Error):
            raise _fault(self._path, error) from error


def _fault(path: Path, error: sqlite3.Error) -> StorageError:
    broken = getattr(error, "sqlite_errorname", "") in ("SQLITE_CORRUPT", "SQLITE_NOTADB")
    fix = (
        "`wreck restore labels` puts the newest backup back, with what can still be read"
        if broken
        else "free some space or mend the disk, then go on"
    )
    return StorageError(f"the label store failed: {error}", where=str(path), fix=fix)


def _statements(script: str) -> Iterator[str]:
    """Cut a script where SQLite says that a statement is complete."""
    text = ""
    for line in script.splitlines():
        text += line + "\n"
        if sqlite3.complete_statement(text):
            yield text
            text = ""
