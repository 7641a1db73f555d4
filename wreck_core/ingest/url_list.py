"""URL lists: txt, csv, tsv, jsonl (each also .gz) and parquet, streamed line by line.

Lists come from the web and from spreadsheets, so anything may be in them: every line that is no URL is
counted with its line number, and none is fatal.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from wreck_core.errors import InputError
from wreck_core.ingest.urls import redact

MAX_LINE_CHARS = 1 << 20
MAX_URL_CHARS = 8192
_EXAMPLES = 5
_BATCH_ROWS = 4096
_PROVENANCE = ("label", "sha256", "source", "license")

# Of the reasons in Account.skipped, those that are no fault of the list.
HARMLESS = frozenset({"blank", "comment", "header"})


@dataclass(frozen=True, slots=True)
class ListedUrl:
    """One line of a list: the URL as written and the columns that pass through as provenance."""

    line: int
    url: str
    label: str | None = None
    sha256: str | None = None
    source: str | None = None
    license: str | None = None


@dataclass
class Account:
    """Where the lines of one list went: `lines` = `urls` + all of `skipped`.

    `urls` is counted by whoever takes them. `examples` holds the first line numbers of each reason.
    """

    lines: int = 0
    urls: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[int]] = field(default_factory=dict)

    def skip(self, reason: str, line: int) -> None:
        """Count a line that is no new URL."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < _EXAMPLES:
            examples.append(line)


_Row = tuple[int, Mapping[str, Any]]
_Reader = Callable[[Iterable[tuple[int, str]], Account, Sequence[str]], Iterator[_Row]]


def read(path: Path, account: Account) -> Iterator[ListedUrl]:
    """Yield the URLs of one list in order, counting its lines and faults in `account`.

    Raises InputError when the file cannot be opened, is of no known kind, or has no `url` column.
    """
    for line, row in rows(path, account):
        fault, listed = _take(line, row)
        if listed is None:
            account.skip(fault, line)
        else:
            yield listed


def rows(path: Path, account: Account, keys: Sequence[str] = ("url",)) -> Iterator[_Row]:
    """Yield (line number, columns by lower-case name) of one list, counting lines and faults in `account`.

    Raises InputError as `read` does, when none of `keys` is a column.
    """
    try:
        yield from _rows(path, account, keys)
    except InputError as error:
        error.where = redact(str(path))  # a URL may have been given where a list belongs
        raise


def _take(line: int, row: Mapping[str, Any]) -> tuple[str, ListedUrl | None]:
    """Turn a raw row into a ListedUrl, or say what is wrong with it."""
    url = _text(row.get("url"))
    if not url:
        return "no_url", None
    if len(url) > MAX_URL_CHARS:
        return "too_long", None
    values = {column: _text(row[column]) for column in _PROVENANCE if column in row} if len(row) > 1 else {}
    text = "".join(filter(None, (url, *values.values())))
    if "\0" in text:
        return "nul", None
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:  # lone surrogates: bytes that are no UTF-8, or \ud800 in JSON
            return "not_utf8", None
    if sha256 := values.get("sha256"):
        values["sha256"] = sha256.lower()
    return "", ListedUrl(line, url, **values)


def _text(value: Any) -> str | None:
    if value is None or value != value:  # NaN is how tables write "nothing"
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    return str(value).strip() or None


def _rows(path: Path, account: Account, keys: Sequence[str]) -> Iterator[_Row]:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    zipped = suffixes[-1:] == [".gz"]
    kind = (suffixes[-2:-1] if zipped else suffixes[-1:]) or [""]
    if not path.is_file():
        raise InputError("there is no such list", fix="name a file that exists")
    if kind == [".parquet"] and not zipped:
        return _parquet_rows(path, account, keys)
    reader = _READERS.get(kind[0])
    if reader is None:
        raise InputError(
            "is no kind of list that can be read",
            fix="name it .txt, .csv, .tsv, .jsonl (or one of them with .gz) or .parquet",
        )
    return reader(_lines(path, zipped, account), account, keys)


def _lines(path: Path, zipped: bool, account: Account) -> Iterator[tuple[int, str]]:
    """Yield (line number, text) of the lines that hold something.

    Lines end at LF, CRLF or CR alone: `str.splitlines` would cut URLs at U+2028 and others.
    """
    try:
        with _open(path, zipped) as handle:
            # One character more than the most tells a line that is too long from one that just fits.
            while text := handle.readline(MAX_LINE_CHARS + 1):
                account.lines += 1
                if len(text) > MAX_LINE_CHARS and not text.endswith("\n"):
                    _skip_to_line_end(handle)
                    account.skip("too_long", account.lines)
                elif not (text := text.rstrip("\n")).strip():
                    account.skip("blank", account.lines)
                elif text.lstrip().startswith("#"):
                    account.skip("comment", account.lines)
                else:
                    yield account.lines, text
    except (gzip.BadGzipFile, EOFError, zlib.error):
        account.lines += 1
        account.skip("unreadable", account.lines)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from error


@contextmanager
def _open(path: Path, zipped: bool) -> Iterator[io.TextIOWrapper]:
    with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) if zipped else raw as stream:
        # Bytes that are no UTF-8 become lone surrogates, which _take counts line by line.
        yield io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline=None)


def _skip_to_line_end(handle: io.TextIOWrapper) -> None:
    while (text := handle.readline(MAX_LINE_CHARS)) and not text.endswith("\n"):
        continue


def _txt_rows(lines: Iterable[tuple[int, str]], account: Account, keys: Sequence[str]) -> Iterator[_Row]:
    return ((line, {"url": text}) for line, text in lines)


def _jsonl_rows(lines: Iterable[tuple[int, str]], account: Account, keys: Sequence[str]) -> Iterator[_Row]:
    for line, text in lines:
        try:
            row = json.loads(text)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            yield line, row
        else:
            account.skip("bad_row", line)


def _csv_rows(delimiter: str) -> _Reader:
    def rows(lines: Iterable[tuple[int, str]], account: Account, keys: Sequence[str]) -> Iterator[_Row]:
        # Each line is parsed by itself, so a stray quote spoils its own line and no other.
        columns: list[str] = []
        for line, text in lines:
            try:
                cells = next(csv.reader([text], delimiter=delimiter, strict=True))
            except csv.Error:
                account.skip("bad_row", line)
                continue
            if columns:
                yield line, dict(zip(columns, cells, strict=False))
            else:
                columns = _columns(cells, keys)
                account.skip("header", line)

    return rows


def _columns(names: Iterable[str], keys: Sequence[str]) -> list[str]:
    """Lower-case the names of columns. Raises InputError when none is of `keys`."""
    columns = [name.strip().lower() for name in names]
    if not set(keys) & set(columns):
        shown = ", ".join(column[:40] for column in columns[:8])
        named = " or ".join(keys)
        raise InputError(f"has no column named {named}, only: {shown}", fix="name the column of the URLs url")
    return columns


def _parquet_rows(path: Path, account: Account, keys: Sequence[str]) -> Iterator[_Row]:
    try:
        table = pa.parquet.ParquetFile(path)
        names = dict(zip(_columns(table.schema_arrow.names, keys), table.schema_arrow.names, strict=True))
        wanted = {column: names[column] for column in ListedUrl.__slots__ if column in names}
        for batch in table.iter_batches(_BATCH_ROWS, columns=list(wanted.values())):
            for row in batch.to_pylist():
                account.lines += 1
                yield account.lines, {column: row[name] for column, name in wanted.items()}
    except (pa.ArrowException, OSError) as error:
        raise InputError("is no readable parquet file") from error


_READERS: dict[str, _Reader] = {
    ".txt": _txt_rows,
    ".csv": _csv_rows(","),
    ".tsv": _csv_rows("\t"),
    ".jsonl": _jsonl_rows,
}
