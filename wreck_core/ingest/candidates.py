"""What the ledger knows, as the files that the next stages read: candidates.parquet and scrape.json."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from wreck_core import files
from wreck_core.image_header import EXTENSIONS
from wreck_core.ingest import metrics
from wreck_core.ingest.ledger import Ledger
from wreck_core.ingest.outcome import STATUSES
from wreck_core.ingest.url_list import HARMLESS
from wreck_core.layout import Layout
from wreck_core.phash import HASH_BYTES, HASH_VERSION, of_files
from wreck_core.summary import Summary, count

_BATCH_ROWS = 8192
_LISTED = 20  # hosts, failures and placeholders in scrape.json, the largest
_EXPLAINED = 3  # failures told at the end

SCHEMA = pa.schema(
    [
        ("sha256", pa.string()),
        ("path", pa.string()),
        ("url", pa.string()),
        ("url_id", pa.string()),
        ("final_url", pa.string()),
        ("host", pa.string()),
        ("source", pa.string()),
        ("list", pa.string()),
        ("line", pa.int64()),
        ("list_label", pa.string()),
        ("fetched_at", pa.string()),
        ("bytes", pa.int64()),
        ("format", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("brightness", pa.float64()),
        ("sharpness", pa.float64()),
        ("phash", pa.binary(HASH_BYTES)),
        ("phash_square", pa.binary(HASH_BYTES)),
        ("hash_version", pa.int32()),
        ("license", pa.string()),
    ]
)


def write(ledger: Ledger, layout: Layout, placeholder_urls: int) -> Summary:
    """Write both files, in flat memory, and sum them up. Hashes of an older version are made again.

    candidates.parquet has one row per URL with a picture, sorted by list, line and url_id.
    """
    _rehash(ledger, layout)
    with (
        files.replacing(layout.candidates) as temp,
        pa.parquet.ParquetWriter(temp, SCHEMA) as writer,
    ):
        rows = ledger.good(placeholder_urls)
        while batch := list(islice(rows, _BATCH_ROWS)):
            writer.write_table(pa.Table.from_pylist([_candidate(row, layout) for row in batch], SCHEMA))
    counts = ledger.counts(placeholder_urls)
    report = {
        "total": sum(counts.values()),
        "statuses": {status: counts[status] for status in STATUSES if status in counts},
        "pending": counts.get(None, 0),
        **ledger.stored(placeholder_urls),
        "asked_again": metrics.asked_again(ledger, placeholder_urls),
        "placeholders": metrics.placeholders(ledger, placeholder_urls, _LISTED),
        "failures": metrics.failures(ledger, placeholder_urls, _LISTED),
        "hosts": [_host(host) for host in metrics.hosts(ledger, placeholder_urls, _LISTED)],
        "lists": {name: asdict(account) for name, account in ledger.lists().items()},
    }
    files.write_json(layout.scrape_json, report)
    return _sum_up(report)


def _rehash(ledger: Ledger, layout: Layout) -> None:
    """Bring hashes of an older version up to date, so that the next stage need not each time.

    Pictures that are not on this disk keep the old ones.
    """
    names = ledger.outdated(HASH_VERSION)
    stored = [(sha256, layout.image(sha256, EXTENSIONS[name])) for sha256, name in names]
    at_hand = [(sha256, path) for sha256, path in stored if path.exists()]
    for start in range(0, len(at_hand), _BATCH_ROWS):
        batch = at_hand[start : start + _BATCH_ROWS]
        hashes = of_files(path for _, path in batch)
        ledger.rehash((*pair, HASH_VERSION, sha256) for (sha256, _), pair in zip(batch, hashes, strict=True))


def _candidate(row: dict[str, Any], layout: Layout) -> dict[str, Any]:
    path = layout.image(row["sha256"], EXTENSIONS[row["format"]])
    return {**row, "path": layout.relative(path), "source": row["source"] or row["host"]}


def _host(host: dict[str, Any]) -> dict[str, Any]:
    return {name: host[name] for name in ("host", "urls", "statuses", "p50_ms", "p99_ms")}


def _sum_up(report: dict[str, Any]) -> Summary:
    fetched, total = report["statuses"].get("ok", 0), report["total"]
    pending = (("not tried yet", report["pending"]),) if report["pending"] else ()
    return Summary(
        headline=f"{count(report['images'], 'picture')} from {fetched:,} of {count(total, 'URL')}",
        rows=(*report["statuses"].items(), *pending, ("total", total), *_again(report)),
        notes=tuple(_notes(report)),
        ok=fetched > 0,
        data=report,
    )


def _again(report: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for status, urls in report["asked_again"].items():
        yield f"asked again: {'another picture' if status == 'ok' else status}", urls


def _notes(report: dict[str, Any]) -> Iterator[str]:
    for failure in report["failures"][:_EXPLAINED]:
        told = " ".join(filter(None, (failure["status"], failure["reason"])))
        place = f"{failure['list']}:{failure['line']}"
        yield f"{failure['host'] or 'no host'}: {count(failure['urls'], 'URL')} {told}, such as {place}"
    for shared in report["placeholders"]:
        urls, sha256 = count(shared["urls"], "URL"), shared["sha256"][:12]
        yield f"{urls} give one picture, {sha256}: a placeholder, left out"
    for name, account in report["lists"].items():
        for reason in sorted(account["skipped"].keys() - HARMLESS):
            places = ", ".join(str(line) for line in account["examples"][reason])
            lines = count(account["skipped"][reason], "line")
            yield f"{name}: {lines} skipped as {reason}, such as line {places}"
    if report["sha256_differs"]:
        yield f"not the bytes that their list names by sha256: {count(report['sha256_differs'], 'picture')}"
    if not report["images"]:
        yield "nothing was fetched: look at the statuses above, then --retry the ones that may pass"
