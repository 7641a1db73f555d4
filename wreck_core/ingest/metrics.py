"""How scraping went, as told by the ledger: by host, by reason, by shared picture, by refresh."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from wreck_core.ingest.ledger import Ledger

_HOSTS = """
SELECT host, outcome, ms, unixepoch(tried_at) AS at, attempts FROM outcomes
WHERE host <> '' AND outcome IS NOT NULL ORDER BY host
"""
_FAILURES = """
SELECT host, outcome AS status, coalesce(detail, '') AS reason, count(*) AS urls, list, min(line) AS line
FROM outcomes WHERE outcome IS NOT NULL AND outcome NOT IN ('ok', 'placeholder', 'blocklisted')
GROUP BY host, outcome, detail ORDER BY urls DESC, host, outcome, detail
"""
_PLACEHOLDERS = """
SELECT sha256, count(*) AS urls, count(DISTINCT host) AS hosts FROM outcomes
WHERE outcome = 'placeholder' GROUP BY sha256 ORDER BY urls DESC, sha256
"""
_ASKED_AGAIN = """
SELECT asked_again, count(*) AS urls FROM outcomes
WHERE asked_again IS NOT NULL GROUP BY asked_again ORDER BY asked_again
"""


def hosts(ledger: Ledger, placeholder_urls: int) -> list[dict[str, Any]]:
    """Sum up each host, the one with the most URLs first.

    `p50_ms` and `p99_ms` are of whole URLs, waits between tries included, None when none was asked;
    `per_s` is how many URLs ended in a second, between the host's first and last try of its last hour.
    """
    rows = ledger.select(_HOSTS, placeholder_urls)
    summed = [_sum_up(name, list(group)) for name, group in groupby(rows, key=itemgetter("host"))]
    return sorted(summed, key=lambda host: (-host["urls"], host["host"]))


def _sum_up(name: str, rows: Sequence[Any]) -> dict[str, Any]:
    statuses = Counter(row["outcome"] for row in rows)
    # A URL that was skipped was never asked for, and says nothing about the host's speed.
    asked = [row for row in rows if row["attempts"] and row["at"] is not None]
    times = sorted(row["ms"] for row in asked)
    last = max((row["at"] for row in asked), default=0)
    recent = [row["at"] for row in asked if last - row["at"] < 3600]
    return {
        "host": name,
        "urls": len(rows),
        "failed": len(rows) - statuses["ok"],
        "statuses": dict(sorted(statuses.items())),
        "p50_ms": percentile(times, 50),
        "p99_ms": percentile(times, 99),
        "per_s": round(len(recent) / (last - min(recent) + 1), 2) if recent else None,
    }


def percentile(ordered: Sequence[int], percent: int) -> int | None:
    """Give the nearest-rank percentile of sorted numbers; None of none."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else None


def failures(ledger: Ledger, placeholder_urls: int) -> list[dict[str, Any]]:
    """Count the URLs that failed alike at one host, the most first, with the first line of a list."""
    return [dict(row) for row in ledger.select(_FAILURES, placeholder_urls)]


def placeholders(ledger: Ledger, placeholder_urls: int) -> list[dict[str, Any]]:
    """Count the URLs and hosts behind each picture that too many URLs share, the most first."""
    return [dict(row) for row in ledger.select(_PLACEHOLDERS, placeholder_urls)]


def asked_again(ledger: Ledger, placeholder_urls: int) -> dict[str, int]:
    """Count, by status, how pictures that we have were last asked for again."""
    return {row["asked_again"]: row["urls"] for row in ledger.select(_ASKED_AGAIN, placeholder_urls)}
