"""SQLite files as a whole: copied while they are written, checked, and who has them open."""

import sqlite3
from contextlib import closing
from pathlib import Path

from wreck_core import files
from wreck_core.errors import StorageError


def copy(live: Path, target: Path) -> None:
    """Copy a database as it is at one moment into a new file; others may go on writing.

    Raises StorageError when it is damaged or the disk fails.
    """
    try:
        with closing(sqlite3.connect(live)) as database:
            database.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        broken = getattr(error, "sqlite_errorname", "") in ("SQLITE_CORRUPT", "SQLITE_NOTADB")
        fix = (
            "`wreck restore` puts the last sound copy back" if broken else "free some space or mend the disk"
        )
        raise StorageError(f"could not be copied: {error}", where=str(live), fix=fix) from error


def is_sound(path: Path, table: str) -> bool:
    """Whether a file is an undamaged database that has a table; it is not changed."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            known = database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
            return bool(known) and database.execute("PRAGMA quick_check").fetchone() == ("ok",)
    except sqlite3.Error:
        return False


def user_of(path: Path) -> str:
    """Name a process that has a database open in WAL mode, where Linux tells; '' without one."""
    # Each of them holds a lock on the shared memory for as long as it is open.
    return next((process for _, process in files.locks_of(path.with_name(f"{path.name}-shm"))), "")


def writer_of(path: Path) -> str:
    """Name the process that is writing into a database in WAL mode, where Linux tells."""
    locks = files.locks_of(path.with_name(f"{path.name}-shm"))
    return next((process for kind, process in locks if kind == "WRITE"), "another process")
