"""Threads that work ahead of what is told, while everything is told in order."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

AHEAD = 4  # items under way, for each worker

Item = TypeVar("Item")
Found = TypeVar("Found")


def in_order(
    work: Callable[[Item], Found], tell: Callable[[Found], None], items: Iterable[Item], workers: int
) -> None:
    """Work on items in threads, some ahead of the one that is told; tell the results in order, as they come.

    They are told in a thread too, so nobody waits for the next item. After the first thing that goes wrong no
    more is told; it is raised as soon as the next item comes.
    """
    stopped = Event()

    def then(answer: Future[Found]) -> None:
        try:
            found = answer.result()
            if not stopped.is_set():
                tell(found)
        except BaseException:
            stopped.set()
            raise

    pool, teller = ThreadPoolExecutor(workers), ThreadPoolExecutor(1)
    told: deque[Future[None]] = deque()
    try:
        for item in items:
            told.append(teller.submit(then, pool.submit(work, item)))
            while told and (len(told) == AHEAD * workers or told[0].done()):
                told.popleft().result()
        while told:
            told.popleft().result()
    finally:
        stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)
        teller.shutdown(cancel_futures=True)
        pool.shutdown()
