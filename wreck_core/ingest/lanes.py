"""Jobs handed out in chunks, so that several workers together keep what is promised per host."""

from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from wreck_core.ingest.rows import Job
from wreck_core.ingest.schedule import Standing

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
        self._standings: dict[str, Standing] = {}

    def take(self, lane: int) -> list[Job]:
        """Take the next chunk of a lane; [] when it has none now: ask again when a chunk has ended."""
        self._fill()
        waiting = self._waiting[lane]
        return [waiting.popleft() for _ in range(min(self._chunk_urls, len(waiting)))]

    def standings(self, chunk: Collection[Job]) -> dict[str, Standing]:
        """Give what earlier chunks have learned about the hosts of one: intervals and refusals go on."""
        hosts = {job.host for job in chunk}
        return {host: self._standings[host] for host in hosts if host in self._standings}

    def finish(
        self, chunk: Collection[Job], standings: Mapping[str, Standing] = MappingProxyType({})
    ) -> None:
        """Say that a chunk has ended, and what it has learned about its hosts.

        A host that has no other job may go to another lane.
        """
        for host in self.standings(chunk):
            del self._standings[host]
        self._standings.update(standings)
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
