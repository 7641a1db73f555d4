"""Many URLs at once, in flat memory, stopping at once."""

import time
from collections.abc import Generator, Iterator

from wreck_core import files
from wreck_core.ingest.crew import BATCH_ROWS, Crew, End
from wreck_core.ingest.rows import Job, Rest, Row
from wreck_core.ingest.schedule import Schedule, Standing
from wreck_core.ingest.url_map import UrlMap


def fetch_all(
    jobs: Iterator[Job], crew: Crew, standings: dict[str, Standing] | None = None
) -> Generator[list[Row], None, None]:
    """Let a crew fetch the jobs; yield their rows in batches, as they end, their pictures safe on the disk.

    A thread gets its next URL only once the caller has come back for more, and so has recorded the one
    before: a kill -9 costs a thread one URL, that under way or that not yet recorded. `standings` of the
    jobs' hosts are brought up to date in place at the end. After an early end the crew is of no use any more.
    Raises StorageError, after the rows that ended before it.
    """
    params, url_map = crew.assignment.params, UrlMap(crew.assignment.mirrors)
    known = {} if standings is None else standings
    schedule = Schedule(
        jobs,
        per_host=params.per_host,
        breaker=params.breaker,
        interval_s=lambda job, delay_s: 0.0 if url_map.forward(job.url) else max(params.interval_s, delay_s),
        standings=known,
    )
    try:
        for rows in _work(schedule, crew):
            if any(row.picture for row in rows):
                files.settle(crew.assignment.layout.images)
            yield rows
    finally:
        known.clear()
        known.update(schedule.standings())


def _work(schedule: Schedule, crew: Crew) -> Iterator[list[Row]]:
    threads, running = crew.assignment.params.threads, 0
    while True:
        begun, skipped = _hand_out(schedule, threads - running)
        crew.submit(begun)
        running += len(begun)
        if skipped:
            yield skipped
        elif running:
            # The clock matters only to a free thread.
            ends = crew.take(schedule.wait_s() if running < threads else None)
            rows = _learn(schedule, ends)
            running -= len(rows)
            if rows:
                yield rows
            if failure := next((end for end in ends if isinstance(end, BaseException)), None):
                raise failure
        elif schedule.empty():
            return
        else:
            time.sleep(schedule.wait_s() or 0.0)


def _hand_out(schedule: Schedule, most: int) -> tuple[list[Job], list[Row]]:
    """Take the jobs that may begin now, and the rows of those whose host has been given up."""
    begun: list[Job] = []
    skipped: list[Row] = []
    while len(begun) < most and len(skipped) < BATCH_ROWS and (job := schedule.take()):
        if schedule.skips(job):
            skipped.append(Row(job.url_id, job.host, "host_skipped", "its host had refused too often"))
            schedule.finish(skipped[-1])
        else:
            begun.append(job)
    return begun, skipped


def _learn(schedule: Schedule, ends: list[End]) -> list[Row]:
    rows: list[Row] = []
    for end in ends:
        if isinstance(end, Rest):
            schedule.rest(end.host, end.pause_s)
        elif isinstance(end, Row):
            schedule.finish(end)
            rows.append(end)
    return rows
