"""The ledger: one SQLite row per URL, written when the URL has ended, so a run goes on where it stopped.

It holds no secrets: URLs are redacted, and the whole ones are read from the lists again when they are
to be fetched. candidates.parquet can be rebuilt from it without touching a picture.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from wreck_core import databases
from wreck_core.errors import BusyError, InputError, StorageError
from wreck_core.ingest import ledger_sql as sql
from wreck_core.ingest.blocklist import Blocklist
from wreck_core.ingest.rows import Held, Row
from wreck_core.ingest.url_list import Account, ListedUrl
from wreck_core.ingest.urls import host_of, normalise, redact, url_id

# URLs come in the order of their hashes, which is none: a list of 100,000 touches every page all the time.
_CACHE_KB = 32_768
_MOVE_IT_AWAY = "move the file away and scrape the lists again: stored pictures stay, each URL is asked again"
_PUT_BACK = f"`wreck restore ledger` puts the newest backup back; without one {_MOVE_IT_AWAY}"


class Ledger:
    """The ledger file, opened by one thread. A context manager. Every method commits what it writes.

    Raises StorageError when the file is damaged or the disk fails, InputError when another version of this
    program wrote it, BusyError when somebody else writes into it for more than `wait_s` seconds.
    """

    def __init__(self, path: Path, wait_s: float = 60.0) -> None:
        self._path = path
        self._marked_at: int | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=wait_s, isolation_level=None)
            with ExitStack() as failed:
                failed.callback(self._db.close)
                self._prepare()
                failed.pop_all()
        except (sqlite3.Error, OSError) as error:
            raise self._named(error) from error

    def _prepare(self) -> None:
        self._db.row_factory = sqlite3.Row
        self._db.create_function("host_of", 1, lambda url: host_of(url or ""), deterministic=True)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA secure_delete = ON")
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        self._check_version()
        self._db.executescript(sql.SCHEMA + sql.TEMP)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Leaving the block without COMMIT rolls back.
        self._db.close()
        if isinstance(error, sqlite3.Error):
            raise self._named(error) from error

    def _named(self, error: Exception) -> BusyError | StorageError:
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith("SQLITE_BUSY"):
            holder = databases.writer_of(self._path)
            return BusyError(
                f"busy: the ledger is held by {holder}",
                where=str(self._path),
                fix="wait for it to end, or stop that process",
            )
        broken = name in ("SQLITE_NOTADB", "SQLITE_CORRUPT")
        return StorageError(
            f"the ledger failed: {getattr(error, 'strerror', None) or error}",
            where=str(self._path),
            fix=_PUT_BACK if broken else "free some space or mend the disk, then run the same command again",
        )

    def _check_version(self) -> None:
        """Compare the columns of the tables that are there with those that we know."""
        with closing(sqlite3.connect(":memory:")) as model:
            model.executescript(sql.SCHEMA)
            wanted = _columns(model)
        held = _columns(self._db)
        differ = [table for table, columns in wanted.items() if table in held and held[table] != columns]
        if differ:
            raise InputError(
                f"was written by another version of wreck: the columns of {' and '.join(differ)} are others",
                where=str(self._path),
                fix=_MOVE_IT_AWAY,
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
            provenance = (item.line, item.label, item.sha256, item.source, item.license)
            values = (reading, name, *provenance, key, redact(url), host_of(url))
            if self._db.execute(sql.LISTED, values).rowcount:
                account.urls += 1
            else:
                account.skip("duplicate", item.line)
        self._db.execute(
            "INSERT OR REPLACE INTO lists VALUES (?, ?, ?, ?, ?, ?)",
            (name, reading, account.lines, account.urls, _json(account.skipped), _json(account.examples)),
        )
        self._db.execute("COMMIT")

    def block(self, barred: Blocklist) -> int:
        """Erase what is known of barred pictures, URLs and hosts, but for their ids; count the URLs."""
        names = _names(barred)
        if not any(vars(barred).values()):
            return 0
        self._db.execute("BEGIN IMMEDIATE")
        erased = [self._db.execute(statement, names).rowcount for statement in sql.BLOCK]
        self._db.execute("COMMIT")
        self._marked_at = None
        return erased[-1]

    def scrub(self) -> None:
        """Leave nothing of erased rows in the file."""
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def select_pending(self, reading: int, retry: frozenset[str], placeholder_urls: int) -> int:
        """Choose the URLs of a reading that were never tried or ended in a status of `retry`; count them."""
        self._mark_shared(placeholder_urls)
        self._db.execute("DELETE FROM pending")
        return self._db.execute(sql.SELECT_PENDING, (reading, json.dumps(sorted(retry)))).rowcount

    def select_held(self, reading: int, before: str) -> int:
        """Choose, too, the URLs of a reading that gave a picture and were last asked `before` a time (UTC).

        Placeholders are left alone. Returns how many were chosen.
        """
        return self._db.execute(sql.SELECT_HELD, {"reading": reading, "before": before}).rowcount

    def take_pending(self, key: str) -> Held | None:
        """Give what is held of a URL that was chosen; once, and None for any other URL."""
        row = self._db.execute(
            "DELETE FROM pending WHERE url_id = ? RETURNING sha256, etag, last_modified", (key,)
        ).fetchone()
        return Held(*row) if row else None

    def record(self, rows: Iterable[Row]) -> None:
        """Write how URLs ended: on the disk when this returns.

        A later failure never takes away a picture that we have; another picture joins the earlier one.
        """
        self._db.execute("BEGIN IMMEDIATE")
        for row in rows:
            if row.picture is None:
                trial = (row.status, row.detail, row.http_code, row.attempts, row.ms, row.tried_at)
                self._db.execute(sql.ENDED, (*trial, row.url_id))
                self._db.execute(
                    sql.ASKED_AGAIN, (row.status, row.tried_at, row.etag, row.last_modified, row.url_id)
                )
            else:
                values = {**vars(row), **vars(row.picture), "picture": None}
                for statement in (sql.KEEP_EARLIER, sql.FETCHED, sql.FORGET_RETURNED):
                    self._db.execute(statement, values)
        self._db.execute("COMMIT")
        self._marked_at = None

    def has_recorded(self, row: Row) -> bool:
        """Whether this very end of the URL is on record."""
        known = "SELECT 1 FROM urls WHERE url_id = ? AND ? IN (tried_at, asked_again_at)"
        return self._db.execute(known, (row.url_id, row.tried_at)).fetchone() is not None

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
        row = self._db.execute(sql.STORED).fetchone()
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
        """Yield a row for each URL and each picture that it gave, in order of list, line and url_id."""
        self._mark_shared(placeholder_urls)
        for row in self._db.execute(sql.GOOD):
            yield dict(row)

    def outdated(self, hash_version: int) -> list[tuple[str, str]]:
        """Name the pictures, by sha256 and format, whose hashes are of another version."""
        return [tuple(row) for row in self._db.execute(sql.OUTDATED, {"version": hash_version})]

    def rehash(self, hashes: Iterable[tuple[bytes, bytes, int, str]]) -> None:
        """Store hashes (phash, phash_square, hash_version, sha256) in the place of those of the pictures."""
        rows = list(hashes)
        self._db.execute("BEGIN IMMEDIATE")
        for statement in sql.REHASHED:
            self._db.executemany(statement, rows)
        self._db.execute("COMMIT")

    def url(self, key: str) -> str:
        """Give the URL of an id, without secrets; empty when it is unknown or was taken down."""
        row = self._db.execute("SELECT url FROM urls WHERE url_id = ?", (key,)).fetchone()
        return str(row["url"]) if row else ""

    def urls_of(self, barred: Blocklist) -> list[tuple[str, str | None]]:
        """Give (url_id, sha256) of every URL and earlier picture that is barred."""
        names = _names(barred)
        return [(row["url_id"], row["sha256"]) for row in self._db.execute(sql.NAMED, names)]

    def select(self, query: str, placeholder_urls: int) -> Iterator[sqlite3.Row]:
        """Yield the rows of a question about the view `outcomes`."""
        self._mark_shared(placeholder_urls)
        yield from self._db.execute(query)

    def _mark_shared(self, placeholder_urls: int) -> None:
        """Find the pictures that too many URLs share, unless that is known from before."""
        if self._marked_at == placeholder_urls:
            return
        self._db.execute("DELETE FROM shared")
        self._db.execute(sql.MARK_SHARED, (placeholder_urls,))
        self._marked_at = placeholder_urls


def _columns(database: sqlite3.Connection) -> dict[str, list[str]]:
    """Name the columns of each table, in order."""
    columns: dict[str, list[str]] = {}
    for table, name in database.execute(sql.TABLE_COLUMNS):
        columns.setdefault(table, []).append(name)
    return columns


def _names(barred: Blocklist) -> dict[str, str]:
    return {name: json.dumps(sorted(values)) for name, values in vars(barred).items()}


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True)
