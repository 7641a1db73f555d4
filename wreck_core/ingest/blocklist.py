"""What was taken down and must never be fetched again: data/takedown.csv, hashes and host names alone."""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from wreck_core import files
from wreck_core.errors import InputError
from wreck_core.ingest.urls import host_of, url_id


@dataclass(frozen=True)
class Tombstone:
    """One row of takedown.csv: what was taken down (those of the three that are known), when and why."""

    sha256: str = ""
    url_id: str = ""
    host: str = ""
    at: str = ""
    reason: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it names something, and its hashes are whole ones."""
        hashes = ((self.sha256, 64), (self.url_id, 32))
        named = self.sha256 or self.url_id or self.host
        return bool(named) and all(re.fullmatch(f"([0-9a-f]{{{size}}})?", text) for text, size in hashes)


_COLUMNS = list(Tombstone.__dataclass_fields__)


@dataclass(frozen=True)
class Blocklist:
    """Pictures, URLs and hosts that are barred."""

    sha256s: frozenset[str] = frozenset()
    url_ids: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()

    def bars(self, normal_url: str) -> bool:
        """Whether a normalised URL, or its host, was taken down."""
        # Mostly nothing was, and every fetch asks.
        return (bool(self.url_ids) and url_id(normal_url) in self.url_ids) or (
            bool(self.hosts) and host_of(normal_url) in self.hosts
        )


NOTHING_BARRED = Blocklist()


def blocklist(tombstones: Iterable[Tombstone]) -> Blocklist:
    """Collect what tombstones bar.

    A URL whose picture was taken down is barred as well: whatever it gives next was never looked at.
    """
    rows = list(tombstones)
    return Blocklist(
        frozenset(row.sha256 for row in rows) - {""},
        frozenset(row.url_id for row in rows) - {""},
        frozenset(row.host for row in rows) - {""},
    )


def read(path: Path) -> list[Tombstone]:
    """Read takedown.csv; no file: none.

    Raises InputError when it is no such table, or a torn one: what it forgot would be fetched again.
    """
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as table:
            rows = list(csv.reader(table, strict=True))
        if not rows or rows[0] != _COLUMNS or any(len(row) != len(_COLUMNS) for row in rows):
            raise ValueError("a table of other columns")
        tombstones = [Tombstone(*row) for row in rows[1:]]
        if not all(each.is_whole for each in tombstones):
            raise ValueError("half a hash")
        return tombstones
    except (ValueError, csv.Error):
        raise InputError(
            "is no list of takedowns", where=str(path), fix="take it back with `git checkout`"
        ) from None


def add(path: Path, tombstones: Iterable[Tombstone]) -> None:
    """Append those tombstones that name something new."""
    known = read(path)
    keys = {(row.sha256, row.url_id, row.host) for row in known}
    fresh = [row for row in tombstones if (row.sha256, row.url_id, row.host) not in keys]
    if not fresh:
        return
    text = io.StringIO()
    table = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(row) for row in (*known, *fresh))
    files.write_text(path, text.getvalue())
