"""The scrape stage: URL lists → verified pictures in the store, candidates.parquet, scrape.json.

`run` does it all in one process and records each URL as it ends. The same work in parts is for a
caller that spreads the fetching: `planned`, `fetch` (anywhere), `record` (one process), `finish`.
"""

import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from wreck_core import files
from wreck_core.ingest import arrivals, blocklist, candidates, reading, row_log, url_map
from wreck_core.ingest.lanes import Lanes
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
        return f"{self.asked_at:%Y-%m-%dT%H-%M-%S}"

    def log(self, layout: Layout) -> Path:
        """Where each URL that ends leaves a line."""
        return layout.logs / f"scrape-{self.stamp}.jsonl"


def run(params: Params, layout: Layout, request: ScrapeRequest, progress: Progress = silent) -> Summary:
    """Scrape the lists, going on where an earlier run stopped.

    Raises InputError for a list that cannot be read, BusyError when another scrape is at work.
    """
    with files.locked(layout.locks, "scrape"), Ledger(layout.ledger) as ledger:
        jobs, total = _pending(ledger, params, layout, request)
        done, shown_at = 0, 0.0
        with closing(_fetch_all(jobs, params, layout, request)) as batches:
            for rows in batches:
                _record(ledger, layout, request, rows)
                done += len(rows)
                if time.monotonic() - shown_at >= _PROGRESS_S or done == total:
                    progress(done, total, rows[-1].host)
                    shown_at = time.monotonic()
        return candidates.write(ledger, layout, params.scrape.placeholder_urls)


@contextmanager
def planned(params: Params, layout: Layout, request: ScrapeRequest, lanes: int) -> Iterator[Lanes]:
    """Read the lists into the ledger and hand out what is to be fetched, for the length of the block.

    Take chunks of at most `scrape.chunk_urls` lane by lane, each to `fetch` and then to `record`. No other
    scrape can start meanwhile. Raises as `run` does.
    """
    with files.locked(layout.locks, "scrape"), Ledger(layout.ledger) as ledger:
        pending, _ = _pending(ledger, params, layout, request)
        yield Lanes(pending, lanes, params.scrape.chunk_urls)


def fetch(params: Params, layout: Layout, request: ScrapeRequest, chunk: list[Job]) -> list[Row]:
    """Fetch a chunk and store its pictures; the ledger is not touched.

    What another worker has fetched of it before it was killed is not fetched again.
    """
    done = arrivals.of_chunk(layout.arrivals, request.stamp, chunk)
    ended = {row.url_id for row in done}
    rest = (job for job in chunk if job.url_id not in ended)
    with (
        arrivals.writing(layout.arrivals, request.stamp, chunk) as file,
        closing(_fetch_all(rest, params, layout, request)) as batches,
    ):
        for rows in batches:
            arrivals.append(file, rows)
            done += rows
    return done


def record(layout: Layout, request: ScrapeRequest, chunk: list[Job], rows: list[Row]) -> None:
    """Write what `fetch` returned for a chunk into the ledger and the log."""
    with Ledger(layout.ledger) as ledger:
        _record(ledger, layout, request, rows)
    arrivals.forget(layout.arrivals, request.stamp, chunk)


def finish(params: Params, layout: Layout) -> Summary:
    """Write candidates.parquet and scrape.json from the ledger."""
    with files.locked(layout.locks, "scrape"), Ledger(layout.ledger) as ledger:
        return candidates.write(ledger, layout, params.scrape.placeholder_urls)


def _fetch_all(
    jobs: Iterator[Job], params: Params, layout: Layout, request: ScrapeRequest
) -> Generator[list[Row], None, None]:
    return fetch_all(jobs, params.scrape, layout, request.url_map, allow_private=request.allow_private)


def _record(ledger: Ledger, layout: Layout, request: ScrapeRequest, rows: list[Row]) -> None:
    ledger.record(rows)
    row_log.append(request.log(layout), rows, ledger)


def _pending(
    ledger: Ledger, params: Params, layout: Layout, request: ScrapeRequest
) -> tuple[Iterator[Job], int]:
    """Read the lists: what is to be fetched, as a stream, and how many."""
    for temp in layout.images.glob("*/.*.tmp"):  # left by a kill -9
        temp.unlink()
    for rows in arrivals.take_in(layout.arrivals, ledger):  # left by one of a worker
        row_log.append(request.log(layout), rows, ledger)
    number = reading.read(ledger, request.lists, layout.root)
    ledger.block(blocklist.blocklist(blocklist.read(layout.takedowns)))
    count = ledger.select_pending(number, request.retry - {"ok"}, params.scrape.placeholder_urls)
    if "ok" in request.retry:
        before = request.asked_at - timedelta(days=params.scrape.refresh_days)
        count += ledger.select_held(number, f"{before:%Y-%m-%dT%H:%M:%SZ}")
    jobs = islice(reading.jobs(ledger, request.lists), request.max_urls)
    return jobs, min(count, request.max_urls or count)
