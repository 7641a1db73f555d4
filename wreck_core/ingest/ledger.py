"""The ledger: one SQLite row per URL, written when the URL has ended, so a run goes on where it stopped.

It holds no secrets: URLs are redacted, and the whole ones are read from the lists again when they are
to be fetched. candidates.parquet can be rebuilt from it without touching a picture.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from wreck_core.errors import StorageError
from wreck_core.ingest.rows import Row
from wreck_core.ingest.url_list import Account, ListedUrl
from wreck_core.ingest.urls import host_of, normalise, redact, url_id

_SCHEMA = """
CREATE TABLE IF NOT EXISTS urls (
    url_id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    host TEXT NOT NULL,
    list TEXT NOT NULL,
    line INTEGER NOT NULL,
    list_label TEXT,
    list_sha256 TEXT,
    source TEXT,
    license TEXT,
    reading INTEGER NOT NULL,           -- the last reading of lists that held it
    status TEXT,                        -- null: not tried yet
    detail TEXT,
    http_code INTEGER,
    attempts INTEGER,
    ms INTEGER,
    tried_at TEXT,
    fetched_at TEXT,                    -- the first success
    final_url TEXT,
    etag TEXT,
    last_modified TEXT,
    sha256 TEXT,
    bytes INTEGER,
    format TEXT,
    width INTEGER,
    height INTEGER,
    brightness REAL,
    sharpness REAL,
    phash BLOB,
    phash_square BLOB,
    hash_version INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS urls_by_sha256 ON urls (sha256) WHERE sha256 IS NOT NULL;
CREATE TABLE IF NOT EXISTS lists (
    name TEXT PRIMARY KEY,
    reading INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    urls INTEGER NOT NULL,
    skipped TEXT NOT NULL,              -- JSON: reason -> number of lines
    examples TEXT NOT NULL              -- JSON: reason -> first line numbers
) STRICT;
"""

_NEW_URL = """
INSERT INTO urls (reading, list, line, list_label, list_sha256, source, license, url_id, url, host)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

# The list that named a URL first owns its line and columns; another list only fills gaps.
_SEEN_AGAIN = """
UPDATE urls SET
    reading = :reading,
    line = CASE WHEN list = :list THEN :line ELSE line END,
    list_label = CASE WHEN list = :list THEN :label ELSE coalesce(list_label, :label) END,
    list_sha256 = CASE WHEN list = :list THEN :sha256 ELSE coalesce(list_sha256, :sha256) END,
    source = CASE WHEN list = :list THEN :source ELSE coalesce(source, :source) END,
    license = CASE WHEN list = :list THEN :license ELSE coalesce(license, :license) END
WHERE url_id = :url_id
"""

_PICTURE = (
    "sha256",
    "size_bytes",
    "format",
    "width",
    "height",
    "brightness",
    "sharpness",
    "phash",
    "phash_square",
    "hash_version",
)

# A later failure never takes away a picture that we have.
_ENDED = """
UPDATE urls SET status = ?, detail = ?, http_code = ?, attempts = ?, ms = ?, tried_at = ?
WHERE url_id = ? AND status IS NOT 'ok'
"""
_FETCHED = """
UPDATE urls SET status = 'ok', detail = NULL, http_code = ?, attempts = ?, ms = ?, tried_at = ?,
    fetched_at = coalesce(fetched_at, ?), final_url = ?, etag = ?, last_modified = ?,
    sha256 = ?, bytes = ?, format = ?, width = ?, height = ?, brightness = ?, sharpness = ?,
    phash = ?, phash_square = ?, hash_version = ?
WHERE url_id = ?
"""

# `outcome` is `status`, but `placeholder` where too many URLs gave the same bytes.
_TEMP = """
CREATE TEMP TABLE shared (sha256 TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE pending (url_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP VIEW outcomes AS
    SELECT *, CASE WHEN status = 'ok' AND sha256 IN (SELECT sha256 FROM shared)
        THEN 'placeholder' ELSE status END AS outcome
    FROM urls;
"""
_MARK_SHARED = """
INSERT INTO shared SELECT sha256 FROM urls WHERE status = 'ok' AND sha256 IS NOT NULL
GROUP BY sha256 HAVING count(*) >= ?
"""
_SELECT_PENDING = """
INSERT INTO pending SELECT url_id FROM outcomes
WHERE reading = ? AND (outcome IS NULL OR outcome IN (SELECT value FROM json_each(?)))
"""
_STORED = """
SELECT count(DISTINCT sha256) AS images,
    (SELECT coalesce(sum(bytes), 0) FROM (
        SELECT max(bytes) AS bytes FROM outcomes WHERE outcome = 'ok' GROUP BY sha256
    )) AS image_bytes,
    coalesce(sum(list_sha256 IS NOT NULL AND list_sha256 <> sha256), 0) AS sha256_differs
FROM outcomes WHERE outcome = 'ok'
"""


class Ledger:
    """The ledger file, opened by one thread. A context manager. Every method commits what it writes.

    Raises StorageError when the file is damaged or the disk fails.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=60, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA + _TEMP)
        except (sqlite3.Error, OSError) as error:
            raise self._storage_error(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Leaving the block without COMMIT rolls back.
        self._db.close()
        if isinstance(error, sqlite3.Error):
            raise self._storage_error(error) from error

    def _storage_error(self, error: Exception) -> StorageError:
        return StorageError(
            f"the ledger failed: {error}",
            where=str(self._path),
            fix="free some space or mend the disk, then run the same command again",
        )

    def next_reading(self) -> int:
        """Give the number of a new reading of lists."""
        return int(self._db.execute("SELECT coalesce(max(reading), 0) + 1 FROM lists").fetchone()[0])

    def read_list(self, name: str, listed: Iterable[ListedUrl], account: Account, reading: int) -> None:
        """Enter the URLs of one list. A URL that this reading has seen before is counted as a duplicate."""
        self._db.execute("BEGIN IMMEDIATE")
        for item in listed:
            url = normalise(item.url)
            key = url_id(url)
            known = self._db.execute("SELECT reading FROM urls WHERE url_id = ?", (key,)).fetchone()
            if known is None:
                provenance = (item.line, item.label, item.sha256, item.source, item.license)
                self._db.execute(_NEW_URL, (reading, name, *provenance, key, redact(url), host_of(url)))
            elif known[0] == reading:
                account.skip("duplicate", item.line)
                continue
            else:
                self._db.execute(_SEEN_AGAIN, _again(item, name, reading, key))
            account.urls += 1
        self._db.execute(
            "INSERT OR REPLACE INTO lists VALUES (?, ?, ?, ?, ?, ?)",
            (name, reading, account.lines, account.urls, _json(account.skipped), _json(account.examples)),
        )
        self._db.execute("COMMIT")

    def select_pending(self, reading: int, retry: frozenset[str], placeholder_urls: int) -> int:
        """Choose the URLs of a reading that were never tried or ended in a status of `retry`; count them."""
        self._mark_shared(placeholder_urls)
        self._db.execute("DELETE FROM pending")
        return self._db.execute(_SELECT_PENDING, (reading, json.dumps(sorted(retry)))).rowcount

    def take_pending(self, key: str) -> bool:
        """Whether a URL was chosen by `select_pending`; true once."""
        return self._db.execute("DELETE FROM pending WHERE url_id = ?", (key,)).rowcount > 0

    def record(self, rows: Iterable[Row]) -> None:
        """Write how URLs ended: on the disk when this returns."""
        self._db.execute("BEGIN IMMEDIATE")
        for row in rows:
            trial = (row.http_code, row.attempts, row.ms, row.tried_at)
            if row.picture is None:
                self._db.execute(_ENDED, (row.status, row.detail, *trial, row.url_id))
            else:
                facts = tuple(getattr(row.picture, column) for column in _PICTURE)
                origin = (row.tried_at, row.final_url, row.etag, row.last_modified)
                self._db.execute(_FETCHED, (*trial, *origin, *facts, row.url_id))
        self._db.execute("COMMIT")

    def counts(self, placeholder_urls: int) -> dict[str | None, int]:
        """Count the URLs of each status; None stands for those not tried yet."""
        self._mark_shared(placeholder_urls)
        return {
            outcome: number
            for outcome, number in self._db.execute("SELECT outcome, count(*) FROM outcomes GROUP BY outcome")
        }

    def stored(self, placeholder_urls: int) -> dict[str, int]:
        """Count distinct pictures, their bytes, and the URLs whose bytes are not those of their list."""
        self._mark_shared(placeholder_urls)
        row = self._db.execute(_STORED).fetchone()
        return {name: int(row[name]) for name in ("images", "image_bytes", "sha256_differs")}

    def lists(self) -> dict[str, Account]:
        """Give the account of every list ever read, as of its last reading, by name."""
        return {
            row["name"]: Account(
                row["lines"], row["urls"], json.loads(row["skipped"]), json.loads(row["examples"])
            )
            for row in self._db.execute("SELECT * FROM lists ORDER BY name")
        }

    def good(self, placeholder_urls: int) -> Iterator[dict[str, Any]]:
        """Yield the rows of all URLs with a picture, in order of list, line and url_id."""
        self._mark_shared(placeholder_urls)
        for row in self._db.execute(
            "SELECT * FROM outcomes WHERE outcome = 'ok' ORDER BY list, line, url_id"
        ):
            yield dict(row)

    def _mark_shared(self, placeholder_urls: int) -> None:
        self._db.execute("DELETE FROM shared")
        self._db.execute(_MARK_SHARED, (placeholder_urls,))


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True)


def _again(item: ListedUrl, name: str, reading: int, key: str) -> dict[str, Any]:
    return {
        "reading": reading,
        "list": name,
        "line": item.line,
        "label": item.label,
        "sha256": item.sha256,
        "source": item.source,
        "license": item.license,
        "url_id": key,
    }
