"""Jobs handed out in chunks, so that several workers together keep what is promised per host."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator

from wreck_core.ingest.rows import Job

_AHEAD_CHUNKS = 50  # that each lane may hold: enough to find work for all, and flat memory


class Lanes:
    """Chunks of at most `chunk_urls` jobs, in the order of `jobs`, for `lanes` workers.

    All jobs of a host that are waiting or under way are in one lane. Whoever works on the chunks of a
    lane one after the other never asks a host from two places at once. The jobs are taken from their
    stream only as they are needed.
    """

    def __init__(self, jobs: Iterator[Job], lanes: int, chunk_urls: int) -> None:
        self._jobs, self._chunk_urls = jobs, chunk_urls
        self._waiting: list[deque[Job]] = [deque() for _ in range(lanes)]
        self._lane_of: dict[str, int] = {}
        self._open: Counter[str] = Counter()  # jobs of a host that are waiting or under way

    def take(self, lane: int) -> list[Job]:
        """Take the next chunk of a lane; [] when it has none now: ask again when a chunk has ended."""
        self._fill()
        waiting = self._waiting[lane]
        return [waiting.popleft() for _ in range(min(self._chunk_urls, len(waiting)))]

    def finish(self, chunk: Iterable[Job]) -> None:
        """Say that a chunk has ended: a host that has no other job may go to another lane."""
        for job in chunk:
            self._open[job.host] -= 1
            if not self._open[job.host]:
                del self._open[job.host], self._lane_of[job.host]

    def _fill(self) -> None:
        most = _AHEAD_CHUNKS * self._chunk_urls * len(self._waiting)
        while sum(map(len, self._waiting)) < most and (job := next(self._jobs, None)) is not None:
            if job.host not in self._lane_of:
                loads = [len(waiting) for waiting in self._waiting]
                self._lane_of[job.host] = loads.index(min(loads))
            self._open[job.host] += 1
            self._waiting[self._lane_of[job.host]].append(job)
