"""The scrape stage in parts, for a caller that spreads the fetching over workers.

`planned` hands out chunks, `fetch` may work on them anywhere that shares the workspace, `record` belongs to
one process, `finish` comes last. `crew_of_its_own` is for lanes that share a process.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from wreck_core import files
from wreck_core.ingest import arrivals, candidates
from wreck_core.ingest.crew import Crew, Processes, Threads
from wreck_core.ingest.lanes import Lanes
from wreck_core.ingest.ledger import Ledger
from wreck_core.ingest.pool import fetch_all
from wreck_core.ingest.rows import Job, Row
from wreck_core.ingest.schedule import Standing
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages.scrape import ScrapeRequest, pending, record_rows
from wreck_core.summary import Summary


@contextmanager
def planned(params: Params, layout: Layout, request: ScrapeRequest, lanes: int) -> Iterator[Lanes]:
    """Read the lists into the ledger and hand out what is to be fetched, for the length of the block.

    Take chunks of at most `scrape.chunk_urls` lane by lane, each to `fetch` and then to `record`. No other
    scrape can start meanwhile. Raises as `run` does.
    """
    with files.locked(layout.locks, "scrape"), Ledger(layout.ledger) as ledger:
        jobs, _ = pending(ledger, params, layout, request)
        yield Lanes(jobs, lanes, params.scrape.chunk_urls)


def fetch(
    params: Params,
    layout: Layout,
    request: ScrapeRequest,
    chunk: list[Job],
    standings: dict[str, Standing] | None = None,
    crew: Crew | None = None,
) -> list[Row]:
    """Fetch a chunk by a crew (None: threads of this process); the ledger is not touched.

    What another worker has fetched of it before it was killed is not fetched again. `standings`, as
    `Lanes.standings` gives them, are brought up to date in place.
    """
    done = arrivals.of_chunk(layout.arrivals, request.stamp, chunk)
    ended = {row.url_id for row in done}
    rest = (job for job in chunk if job.url_id not in ended)
    with arrivals.writing(layout.arrivals, request.stamp, chunk) as file, ExitStack() as own:
        crew = crew or own.enter_context(closing(Threads(request.assignment(params, layout))))
        for rows in own.enter_context(closing(fetch_all(rest, crew, standings))):
            arrivals.append(file, rows)
            done += rows
    return done


def crew_of_its_own(params: Params, layout: Layout, request: ScrapeRequest) -> Crew:
    """Give a process for one lane, to be closed: threads of one process would share one core."""
    return Processes(request.assignment(params, layout), 1)


def record(layout: Layout, request: ScrapeRequest, chunk: list[Job], rows: list[Row]) -> None:
    """Write what `fetch` returned for a chunk into the ledger and the log."""
    with Ledger(layout.ledger) as ledger:
        record_rows(ledger, layout, request, rows)
    arrivals.forget(layout.arrivals, request.stamp, chunk)


def finish(params: Params, layout: Layout) -> Summary:
    """Write candidates.parquet and scrape.json from the ledger."""
    with files.locked(layout.locks, "scrape"), Ledger(layout.ledger) as ledger:
        return candidates.write(ledger, layout, params.scrape.placeholder_urls)
