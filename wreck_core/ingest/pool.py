"""Many URLs at once, in flat memory, stopping at once."""

import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue

from wreck_core.errors import WreckError
from wreck_core.ingest import blocklist
from wreck_core.ingest.download import Downloader, PictureStore
from wreck_core.ingest.robots import Robots
from wreck_core.ingest.rows import Job, Row
from wreck_core.ingest.safe_http import Client
from wreck_core.ingest.schedule import Schedule, Standing
from wreck_core.ingest.url_map import UrlMap
from wreck_core.layout import Layout
from wreck_core.params import ScrapeParams

_BATCH_ROWS = 500


def fetch_all(
    jobs: Iterator[Job],
    params: ScrapeParams,
    layout: Layout,
    mirrors: tuple[tuple[str, str], ...],
    *,
    allow_private: bool,
    standings: dict[str, Standing] | None = None,
) -> Generator[list[Row], None, None]:
    """Fetch the jobs and yield their rows in batches, as they end, with their pictures safe on the disk.

    Threads go on while a batch is recorded, and no further: whoever records batches loses at most two URLs
    per thread to a kill -9. `standings` of the jobs' hosts are brought up to date in place at the end.
    Raises StorageError, after the rows that ended before it.
    """
    stopped = threading.Event()
    known = {} if standings is None else standings
    url_map = UrlMap(mirrors)
    barred = blocklist.blocklist(blocklist.read(layout.takedowns))
    with Client(params, url_map, allow_private=allow_private, barred=barred) as client:
        robots = Robots(client, params)
        store = PictureStore(layout, barred)
        downloader = Downloader(client, robots, params, store, stopped)
        schedule = Schedule(
            jobs,
            per_host=params.per_host,
            breaker=params.breaker,
            interval_s=lambda job: 0.0 if url_map.forward(job.url) else robots.interval_s(job.host),
            standings=known,
        )
        workers = ThreadPoolExecutor(params.threads, thread_name_prefix="scrape")
        try:
            for rows in _work(schedule, downloader, workers, params.threads):
                store.settle(rows)
                yield rows
        finally:
            stopped.set()
            client.abort()
            known.clear()
            known.update(schedule.standings())
            workers.shutdown(wait=True, cancel_futures=True)


def _work(
    schedule: Schedule, downloader: Downloader, workers: ThreadPoolExecutor, threads: int
) -> Iterator[list[Row]]:
    # Each thread hands its row in here: to ask all futures which of them is done costs more than a fetch.
    ended: SimpleQueue[Future[Row]] = SimpleQueue()
    running = 0
    rows: list[Row] = []
    while True:
        skipped: list[Row] = []
        while running < threads and len(skipped) < _BATCH_ROWS and (job := schedule.take()):
            if schedule.skips(job):
                skipped.append(Row(job.url_id, job.host, "host_skipped", "its host had refused too often"))
                schedule.finish(skipped[-1])
            else:
                workers.submit(downloader.fetch, job).add_done_callback(ended.put)
                running += 1
        if skipped or rows:
            # Only now that the threads have work: to record takes as long as the disk takes.
            yield skipped + rows
            rows = []
        elif running:
            # The clock matters only to a free thread.
            done = _take(ended, schedule.wait_s() if running < threads else None)
            running -= len(done)
            rows, failure = _collect(done, schedule)
            if failure and rows:
                yield rows
            if failure:
                raise failure
        elif schedule.empty():
            return
        else:
            time.sleep(schedule.wait_s() or 0.0)


def _take(ended: SimpleQueue[Future[Row]], timeout_s: float | None) -> list[Future[Row]]:
    """Wait for a row, then take all that are there."""
    done: list[Future[Row]] = []
    with suppress(Empty):
        done.append(ended.get(timeout=timeout_s))
        while len(done) < _BATCH_ROWS:
            done.append(ended.get_nowait())
    return done


def _collect(done: list[Future[Row]], schedule: Schedule) -> tuple[list[Row], WreckError | None]:
    rows: list[Row] = []
    failure: WreckError | None = None
    for future in done:
        try:
            row = future.result()
        except WreckError as error:
            failure = error
        else:
            schedule.finish(row)
            rows.append(row)
    return rows, failure
