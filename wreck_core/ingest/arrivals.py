"""Rows on their way to the ledger: what a worker has fetched is on the disk before its chunk has ended.

One process writes the ledger; workers return rows to it. What a worker has ended it also appends to a
file of its own, so that a kill -9 of worker or flow loses no row: the next start takes the files in. A file
is named after its chunk, so that another worker that is given the same chunk leaves out what is done.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO
from uuid import uuid4

from wreck_core.ingest.ledger import Ledger
from wreck_core.ingest.picture import Picture
from wreck_core.ingest.rows import Job, Row


@contextmanager
def writing(folder: Path, run: str, chunk: Sequence[Job]) -> Iterator[IO[str]]:
    """Open a new file for the rows of a chunk, removed again when it got none."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_name(run, chunk)}.{uuid4().hex[:8]}.jsonl"
    try:
        with path.open("x", encoding="utf-8") as file:
            yield file
    finally:
        if path.exists() and not path.stat().st_size:
            path.unlink()


def append(file: IO[str], rows: Iterable[Row]) -> None:
    """Append rows: on the disk when this returns."""
    file.writelines(json.dumps(asdict(row), default=bytes.hex) + "\n" for row in rows)
    file.flush()
    os.fsync(file.fileno())


def of_chunk(folder: Path, run: str, chunk: Sequence[Job]) -> list[Row]:
    """Give the rows that earlier workers left of a chunk, one per URL."""
    found = {row.url_id: row for path in _files(folder, run, chunk) for row in _read(path)}
    return list(found.values())


def forget(folder: Path, run: str, chunk: Sequence[Job]) -> None:
    """Remove what was left of a chunk whose rows are in the ledger."""
    for path in _files(folder, run, chunk):
        path.unlink(missing_ok=True)


def take_in(folder: Path, ledger: Ledger) -> Iterator[list[Row]]:
    """Record the rows that killed workers and flows have left, and yield them, a file at a time."""
    for path in sorted(folder.glob("*.jsonl")):
        rows = [row for row in _read(path) if not ledger.has_recorded(row)]
        ledger.record(rows)
        yield rows
        path.unlink(missing_ok=True)


def _name(run: str, chunk: Sequence[Job]) -> str:
    return f"{run}-{chunk[0].url_id[:16]}"  # a URL is in one chunk of a run


def _files(folder: Path, run: str, chunk: Sequence[Job]) -> list[Path]:
    return sorted(folder.glob(f"{_name(run, chunk)}.*.jsonl"))


def _read(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                yield _row(json.loads(line))
            except (ValueError, TypeError, KeyError):
                continue  # the end of a line that a kill -9 cut off, or another version's: fetched again


def _row(values: dict[str, object]) -> Row:
    picture = values["picture"]
    if isinstance(picture, dict):
        hashes = {name: bytes.fromhex(picture[name]) for name in ("phash", "phash_square")}
        values = {**values, "picture": Picture(**{**picture, **hashes})}
    return Row(**values)  # type: ignore[arg-type]  # a wrong one is a TypeError
