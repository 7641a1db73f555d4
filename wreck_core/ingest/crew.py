"""Who fetches: the threads of this process, or those of child processes: one Python keeps one core busy.

A crew is handed jobs and hands back how they ended, in any order. It knows neither turns nor hosts: whoever
leads it keeps to those (`pool`), so they hold across all processes.
"""

import os
import pickle
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import IO, Protocol

from wreck_core.errors import WreckError
from wreck_core.ingest import blocklist
from wreck_core.ingest.download import Downloader, PictureStore
from wreck_core.ingest.robots import Robots
from wreck_core.ingest.rows import Job, Rest, Row
from wreck_core.ingest.safe_http import Client
from wreck_core.ingest.url_map import UrlMap
from wreck_core.layout import Layout
from wreck_core.params import ScrapeParams

BATCH_ROWS = 500
URLS_PER_PROCESS = 250  # to start a process costs as much as to fetch a hundred pictures
_GRACE_S = 5.0
# With so many under way in a process there is more to do than processors can, and an end waits a moment for
# others: to make each safe by itself, and to wake a process for it, takes a seventh of all.
_MANY, _MOMENT_S = 33, 0.005

# What a crew hands back. An exception is no fault of the URL; a rest is no end, but comes the same way.
End = Row | Rest | BaseException


@dataclass(frozen=True)
class Assignment:
    """What all fetches of a run have in common. Secret: the address of a proxy may hold a password."""

    params: ScrapeParams
    layout: Layout
    mirrors: tuple[tuple[str, str], ...] = ()
    allow_private: bool = False


class Crew(Protocol):
    """At most `assignment.params.threads` jobs may be under way at once. For one thread."""

    assignment: Assignment

    def submit(self, jobs: Iterable[Job]) -> None:
        """Begin jobs."""

    def take(self, timeout_s: float | None) -> list[End]:
        """Wait for an end, then take all that are there."""

    def close(self) -> None:
        """Cut what is under way, and let go."""


def hire(assignment: Assignment, urls: int) -> Crew:
    """Give the crew for so many URLs: a process for each processor, where that pays."""
    processes = min(os.cpu_count() or 1, assignment.params.threads, urls // URLS_PER_PROCESS)
    return Processes(assignment, processes) if processes > 1 else Threads(assignment)


class _Ends:
    """What has ended and waits to be taken. One thread begins jobs, one takes, any may put."""

    def __init__(self, processes: int = 1) -> None:
        self._many = processes * _MANY
        self._queue: SimpleQueue[End] = SimpleQueue()
        self.put = self._queue.put
        self._begun = self._taken = 0  # each is written by one thread

    def begin(self, jobs: int) -> None:
        """Expect so many more ends."""
        self._begun += jobs

    def take(self, timeout_s: float | None) -> list[End]:
        """Wait for an end, then take all that are there, or soon will be."""
        ends: list[End] = []
        with suppress(Empty):
            ends.append(self._queue.get(timeout=timeout_s))
            if self._begun - self._taken >= self._many:
                time.sleep(_MOMENT_S)
            while len(ends) < BATCH_ROWS:
                ends.append(self._queue.get_nowait())
        self._taken += sum(not isinstance(end, Rest) for end in ends)
        return ends


class Threads:
    """`scrape.threads` threads of this process, at most `decoders` of them with a decoded picture."""

    def __init__(self, assignment: Assignment, decoders: int = os.cpu_count() or 1) -> None:
        self.assignment = assignment
        params, layout = assignment.params, assignment.layout
        barred = blocklist.blocklist(blocklist.read(layout.takedowns))
        self._open = ExitStack()
        self._client = self._open.enter_context(
            Client(params, UrlMap(assignment.mirrors), allow_private=assignment.allow_private, barred=barred)
        )
        self._stopped = threading.Event()
        # Each thread hands its row in here: to ask all futures which of them is done costs more than a fetch.
        self._ended = _Ends()
        self._downloader = Downloader(
            self._client,
            Robots(self._client, layout.robots),
            PictureStore(layout, barred),
            threading.BoundedSemaphore(decoders),
            self._stopped,
            self._ended.put,
        )
        self._workers = ThreadPoolExecutor(params.threads, thread_name_prefix="scrape")

    def submit(self, jobs: Iterable[Job]) -> None:
        """Begin jobs."""
        for job in jobs:
            self._ended.begin(1)
            self._workers.submit(self._downloader.fetch, job).add_done_callback(self._hand_in)

    def take(self, timeout_s: float | None) -> list[End]:
        """Wait for an end, then take all that are there."""
        return self._ended.take(timeout_s)

    def close(self) -> None:
        """Cut what is under way, and wait for the threads."""
        self._stopped.set()
        self._client.abort()
        self._workers.shutdown(wait=True, cancel_futures=True)
        self._open.close()

    def _hand_in(self, future: Future[Row]) -> None:
        if not future.cancelled():
            self._ended.put(future.exception() or future.result())


class Processes:
    """As many child processes, with `scrape.threads` shared out among them.

    They are of a process group of their own, so that Ctrl-C reaches this process alone, and end when it ends,
    however it ends: their pipe is closed then. What they are told goes through that pipe, never an argument
    list that others can read.
    """

    def __init__(self, assignment: Assignment, count: int) -> None:
        self.assignment = assignment
        self._ended = _Ends(count)
        self._lock = threading.Lock()
        self._under_way = Counter(dict.fromkeys(range(count), 0))  # jobs of each process
        self._closing = False
        params = assignment.params
        share = params.model_copy(update={"threads": -(-params.threads // count)})
        words = [sys.executable, "-m", "wreck_core.ingest.crew_process"]
        self._processes = [
            subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0)  # noqa: S603 - our own interpreter and fixed words
            for _ in range(count)
        ]
        self._readers = [threading.Thread(target=self._read, args=(number,)) for number in range(count)]
        for number, reader in enumerate(self._readers):
            reader.start()
            self._tell(number, (replace(assignment, params=share), max(1, (os.cpu_count() or 1) // count)))

    def submit(self, jobs: Iterable[Job]) -> None:
        """Begin jobs, each in the process that has the least to do."""
        shares: dict[int, list[Job]] = {}
        with self._lock:
            for job in jobs:
                number = min(self._under_way, key=self._under_way.__getitem__)
                self._under_way[number] += 1
                self._ended.begin(1)
                shares.setdefault(number, []).append(job)
        for number, share in shares.items():
            self._tell(number, share)

    def take(self, timeout_s: float | None) -> list[End]:
        """Wait for an end, then take all that are there."""
        return self._ended.take(timeout_s)

    def close(self) -> None:
        """Cut what is under way, and wait for the processes."""
        self._closing = True
        for process in self._processes:
            with suppress(BrokenPipeError):  # it was killed
                _end(process.stdin).close()
        for process, reader in zip(self._processes, self._readers, strict=True):
            try:
                process.wait(_GRACE_S)
            except subprocess.TimeoutExpired:  # a name server keeps a thread waiting
                process.kill()
                process.wait()
            reader.join()
            _end(process.stdout).close()

    def _tell(self, number: int, what: object) -> None:
        pipe = _end(self._processes[number].stdin)
        with suppress(BrokenPipeError):  # it was killed, and its reader says so
            pickle.dump(what, pipe)
            pipe.flush()

    def _read(self, number: int) -> None:
        """Take in what one process hands back, until it ends."""
        process = self._processes[number]
        with suppress(EOFError, pickle.UnpicklingError):  # it ended, maybe while it wrote
            while True:
                ends: list[End] = pickle.load(_end(process.stdout))  # noqa: S301 - our own process
                with self._lock:
                    self._under_way[number] -= sum(not isinstance(end, Rest) for end in ends)
                for end in ends:
                    self._ended.put(end)
        if not self._closing:
            code = process.wait()
            self._ended.put(
                WreckError(
                    f"a process that fetched was ended from outside (code {code})",
                    fix="is there enough memory? Then run the same command again; nothing is lost",
                )
            )


def _end(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe  # noqa: S101 - pipes were asked for
    return pipe
