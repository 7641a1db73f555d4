"""How scraping went, as told by the ledger: by host, by reason, by shared picture, by refresh."""

import heapq
import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from wreck_core.ingest.ledger import Ledger

_RECENT_S = 3600

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


def hosts(ledger: Ledger, placeholder_urls: int, limit: int) -> list[dict[str, Any]]:
    """Sum up the `limit` hosts with the most URLs, the largest first.

    `p50_ms` and `p99_ms` are of whole URLs, waits between tries included, None when none was asked;
    `per_s` is how many URLs ended in a second, between the host's first and last try of its last hour.
    """
    rows = ledger.select(_HOSTS, placeholder_urls)
    summed = (_sum_up(name, group) for name, group in groupby(rows, key=itemgetter("host")))
    return heapq.nsmallest(limit, summed, key=lambda host: (-host["urls"], host["host"]))


def _sum_up(name: str, rows: Iterable[Any]) -> dict[str, Any]:
    statuses: Counter[str] = Counter()
    times, moments = array("q"), array("q")  # one host may have all of a million URLs
    for row in rows:
        statuses[row["outcome"]] += 1
        # A URL that was skipped was never asked for, and says nothing about the host's speed.
        if row["attempts"] and row["at"] is not None:
            times.append(row["ms"])
            moments.append(row["at"])
    ordered, last = sorted(times), max(moments, default=0)
    recent = [moment for moment in moments if last - moment < _RECENT_S]
    return {
        "host": name,
        "urls": statuses.total(),
        "failed": statuses.total() - statuses["ok"],
        "statuses": dict(sorted(statuses.items())),
        "p50_ms": percentile(ordered, 50),
        "p99_ms": percentile(ordered, 99),
        "per_s": round(len(recent) / (last - min(recent) + 1), 2) if recent else None,
    }


def percentile(ordered: Sequence[int], percent: int) -> int | None:
    """Give the nearest-rank percentile of sorted numbers; None of none."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else None


def failures(ledger: Ledger, placeholder_urls: int, limit: int) -> list[dict[str, Any]]:
    """Count the URLs that failed alike at one host, the most first, with the first line of a list."""
    return [dict(row) for row in islice(ledger.select(_FAILURES, placeholder_urls), limit)]


def placeholders(ledger: Ledger, placeholder_urls: int, limit: int) -> list[dict[str, Any]]:
    """Count the URLs and hosts behind each picture that too many URLs share, the most first."""
    return [dict(row) for row in islice(ledger.select(_PLACEHOLDERS, placeholder_urls), limit)]


def asked_again(ledger: Ledger, placeholder_urls: int) -> dict[str, int]:
    """Count, by status, how pictures that we have were last asked for again."""
    return {row["asked_again"]: row["urls"] for row in ledger.select(_ASKED_AGAIN, placeholder_urls)}
