"""The scrape stage: URL lists → verified pictures in the store, candidates.parquet, scrape.json.

`run` does it all and records each URL as it ends; `scrape_parts` has the same work in parts.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from wreck_core import clock, files
from wreck_core.ingest import arrivals, blocklist, candidates, reading, row_log, url_map
from wreck_core.ingest.crew import Assignment, hire
from wreck_core.ingest.ledger import Ledger
from wreck_core.ingest.outcome import check_retry
from wreck_core.ingest.pool import fetch_all
from wreck_core.ingest.rows import Job, Row
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.summary import Progress, Summary, silent

_PROGRESS_S = 0.25
parse_map = url_map.parse


@dataclass(frozen=True)
class ScrapeRequest:
    """What to scrape: lists, statuses to fetch again, at most how many URLs, mirrors as (FROM, TO).

    To retry `ok` is to ask whether pictures have changed that were last asked for `scrape.refresh_days`
    ago. Raises UsageError when a status is unknown.
    """

    lists: tuple[Path, ...]
    retry: frozenset[str] = frozenset()
    max_urls: int | None = None
    url_map: tuple[tuple[str, str], ...] = ()
    allow_private: bool = False
    asked_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        check_retry(self.retry)

    @property
    def stamp(self) -> str:
        """The moment of the request, as it is in file names."""
        return clock.stamp(self.asked_at)

    def assignment(self, params: Params, layout: Layout) -> Assignment:
        """Say what whoever fetches must know of it."""
        return Assignment(params.scrape, layout, self.url_map, self.allow_private)

    def log(self, layout: Layout) -> Path:
        """Where each URL that ends leaves a line."""
        return layout.logs / f"scrape-{self.stamp}.jsonl"


def run(params: Params, layout: Layout, request: ScrapeRequest, progress: Progress = silent) -> Summary:
    """Scrape the lists, going on where an earlier run stopped.

    Raises InputError for a list that cannot be read, BusyError when another scrape is at work.
    """
    with files.locked(layout.locks, "scrape"), Ledger(layout.ledger) as ledger:
        jobs, total = pending(ledger, params, layout, request)
        done, shown_at = 0, 0.0
        crew = hire(request.assignment(params, layout), total)
        with closing(crew), closing(fetch_all(jobs, crew)) as batches:
            for rows in batches:
                record_rows(ledger, layout, request, rows)
                done += len(rows)
                if time.monotonic() - shown_at >= _PROGRESS_S or done == total:
                    progress(done, total, rows[-1].host)
                    shown_at = time.monotonic()
        return candidates.write(ledger, layout, params.scrape.placeholder_urls)


def record_rows(ledger: Ledger, layout: Layout, request: ScrapeRequest, rows: list[Row]) -> None:
    """Write rows into the ledger, then into the log."""
    ledger.record(rows)
    row_log.append(request.log(layout), rows, ledger)


def pending(
    ledger: Ledger, params: Params, layout: Layout, request: ScrapeRequest
) -> tuple[Iterator[Job], int]:
    """Read the lists: what is to be fetched, as a stream, and how many."""
    for temp in layout.images.glob("*/.*.tmp"):  # left by a kill -9
        temp.unlink()
    for rows in arrivals.take_in(layout.arrivals, ledger):  # left by one of a worker
        row_log.append(request.log(layout), rows, ledger)
    shutil.rmtree(layout.robots, ignore_errors=True)  # each run asks anew
    number = reading.read(ledger, request.lists, layout.root)
    ledger.block(blocklist.blocklist(blocklist.read(layout.takedowns)))
    count = ledger.select_pending(number, request.retry - {"ok"}, params.scrape.placeholder_urls)
    if "ok" in request.retry:
        before = request.asked_at - timedelta(days=params.scrape.refresh_days)
        count += ledger.select_held(number, clock.written(before))
    jobs = islice(reading.jobs(ledger, request.lists), request.max_urls)
    return jobs, min(count, request.max_urls or count)
