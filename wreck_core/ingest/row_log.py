"""A line of JSON for every URL that ended: .wreck/logs/scrape-<time>.jsonl, for people and their tools."""

import json
from collections.abc import Collection, Iterable
from pathlib import Path

from wreck_core import files
from wreck_core.ingest.ledger import Ledger
from wreck_core.ingest.rows import Row

PATTERN = "scrape-*.jsonl"


def append(path: Path, rows: Iterable[Row], ledger: Ledger) -> None:
    """Append rows that the ledger has recorded; it knows their URLs without secrets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        for row in rows:
            line = {
                "at": row.tried_at,
                "url_id": row.url_id,
                "url": ledger.url(row.url_id),
                "host": row.host,
                "status": row.status,
                "reason": row.detail,
                "http_code": row.http_code,
                "attempts": row.attempts,
                "ms": row.ms,
                "bytes": row.picture.size_bytes if row.picture else None,
                "sha256": row.picture.sha256 if row.picture else None,
            }
            log.write(json.dumps(line) + "\n")


def forget(folder: Path, url_ids: Collection[str], sha256s: Collection[str]) -> int:
    """Cut the lines of URLs and pictures out of all logs; count them."""
    cut = 0
    for path in sorted(folder.glob(PATTERN)):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not _names(line, url_ids, sha256s)]
        if len(kept) < len(lines):
            files.write_text(path, "".join(kept))
            cut += len(lines) - len(kept)
    return cut


def _names(line: str, url_ids: Collection[str], sha256s: Collection[str]) -> bool:
    try:
        entry = json.loads(line)
    except ValueError:  # the end of a line that a kill -9 cut off
        return False
    return entry["url_id"] in url_ids or entry["sha256"] in sha256s
