"""In which order URLs are fetched: round-robin over hosts, few at once and not too often at each."""

import heapq
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from wreck_core.ingest.rows import Job, Row

# A host that asks for a longer pause is skipped: its URLs can be retried another day.
MAX_HOLD_S = 60.0

# Jobs looked at ahead of time, to find hosts that are free.
_WINDOW_JOBS = 10_000


@dataclass
class _Host:
    waiting: deque[Job] = field(default_factory=deque)
    in_flight: int = 0
    ready_at: float = 0.0
    refusals: int = 0
    skipped: bool = False
    offered: bool = False  # it has an entry in the heap
    met: bool = False  # its first URL has ended: what robots.txt asks for is known
    crawl_delay_s: float = 0.0


@dataclass(frozen=True)
class Standing:
    """What a later chunk must know of a host: when it may be asked (epoch, s), its refusals in a row."""

    ready_at: float
    refusals: int
    skipped: bool


class Schedule:
    """Hands out jobs, for one thread.

    `interval_s` says, from a job and the Crawl-delay of its host, how long the host must rest after it. The
    first URL of a host goes alone: it reads robots.txt for the others. After `breaker` refusals in a row
    (403, 429, refused, no DNS) a host's other jobs are skipped. `standings` are those of earlier chunks.
    """

    def __init__(
        self,
        jobs: Iterator[Job],
        *,
        per_host: int,
        breaker: int,
        interval_s: Callable[[Job, float], float],
        standings: Mapping[str, Standing] = MappingProxyType({}),
    ) -> None:
        self._jobs = jobs
        self._earlier = dict(standings)
        self._per_host, self._breaker, self._interval_s = per_host, breaker, interval_s
        self._hosts: dict[str, _Host] = {}
        self._free: list[tuple[float, int, str]] = []  # (ready_at, turn, host): hosts with a slot and work
        self._turn = 0
        self._waiting = 0

    def take(self) -> Job | None:
        """Take the next job whose host is free now; None when there is none at the moment."""
        self._fill()
        while self._free and self._free[0][0] <= time.monotonic():
            name = heapq.heappop(self._free)[2]
            host = self._hosts[name]
            host.offered = False
            if host.ready_at <= time.monotonic() or host.skipped:
                return self._begin_job(name, host)
            self._offer(name, host)  # it has asked for a rest meanwhile
        return None

    def _begin_job(self, name: str, host: _Host) -> Job:
        job = host.waiting.popleft()
        self._waiting -= 1
        host.in_flight += 1
        host.ready_at = max(host.ready_at, time.monotonic() + self._interval_s(job, host.crawl_delay_s))
        self._offer(name, host)
        return job

    def rest(self, name: str, pause_s: float) -> None:
        """Leave a host alone for so long: it has asked for that, and the URL that it told waits as well."""
        host = self._hosts[name]
        host.ready_at = max(host.ready_at, time.monotonic() + pause_s)

    def skips(self, job: Job) -> bool:
        """Whether the host of a job that was taken has been given up."""
        return self._hosts[job.host].skipped

    def finish(self, row: Row) -> None:
        """Give back the slot of a job that was taken, and learn from its end."""
        host = self._hosts[row.host]
        host.in_flight -= 1
        host.met = True
        if row.crawl_delay_s > host.crawl_delay_s:
            host.crawl_delay_s = row.crawl_delay_s
            host.ready_at = max(host.ready_at, time.monotonic() + row.crawl_delay_s)
        refused = row.status in ("dns", "refused") or row.http_code in (403, 429)
        if row.status != "host_skipped":
            host.refusals = host.refusals + 1 if refused else 0
        if row.host and (host.refusals >= self._breaker or row.retry_after_s > MAX_HOLD_S):
            host.skipped = True
        elif row.retry_after_s:
            host.ready_at = max(host.ready_at, time.monotonic() + row.retry_after_s)
        self._offer(row.host, host)
        idle = not host.waiting and not host.in_flight and not host.refusals and not host.skipped
        if idle and host.ready_at <= time.monotonic():
            del self._hosts[row.host]

    def wait_s(self) -> float | None:
        """Seconds until a waiting host is free by the clock; None when none waits for it."""
        return max(0.0, self._free[0][0] - time.monotonic()) if self._free else None

    def empty(self) -> bool:
        """Whether every job has been taken."""
        self._fill()
        return not self._waiting

    def standings(self) -> dict[str, Standing]:
        """Give the hosts that the next chunk must treat otherwise than new ones."""
        ahead_s = time.time() - time.monotonic()  # another process has another monotonic clock
        return {
            name: Standing(host.ready_at + ahead_s, host.refusals, host.skipped)
            for name, host in self._hosts.items()
            if host.refusals or host.skipped or host.ready_at > time.monotonic()
        }

    def _begin(self, name: str) -> _Host:
        earlier = self._earlier.pop(name, None)
        if earlier is None:
            return _Host()
        ready_at = time.monotonic() + earlier.ready_at - time.time()
        return _Host(ready_at=ready_at, refusals=earlier.refusals, skipped=earlier.skipped)

    def _fill(self) -> None:
        while self._waiting < _WINDOW_JOBS and (job := next(self._jobs, None)) is not None:
            host = self._hosts[job.host] = self._hosts.get(job.host) or self._begin(job.host)
            host.waiting.append(job)
            self._waiting += 1
            self._offer(job.host, host)

    def _offer(self, name: str, host: _Host) -> None:
        """Enter a host into the heap when it has work and a slot. Later turns queue behind earlier ones."""
        slots = self._per_host if host.met else 1
        if host.offered or not host.waiting or (host.in_flight >= slots and not host.skipped):
            return
        host.offered = True
        self._turn += 1
        heapq.heappush(self._free, (0.0 if host.skipped else host.ready_at, self._turn, name))
