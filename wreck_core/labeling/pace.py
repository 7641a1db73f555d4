"""How far a round is, and how fast a person goes."""

import time
from collections import deque
from collections.abc import Callable, Mapping

RECENT = 20  # answers: the pace of the last few minutes, not of the whole day
LEAST = 3  # fewer say nothing
COUNT_SHARE = 50  # counting takes at most this part of the time, however large the queue is


class Pace:
    """The progress of a round: counted by `count` (tasks by state), and between counts kept up by `did`."""

    def __init__(
        self, count: Callable[[], Mapping[str, int]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._count, self._clock = count, clock
        self._times: deque[float] = deque(maxlen=RECENT)
        self._done = self._total = 0
        self._good_until = -1.0

    def did(self, done: int, total: int = 0) -> None:
        """Take note of an answer, a skip or an undo: by how much it changed what is done, and the total."""
        self._done, self._total = self._done + done, self._total + total
        if done > 0:
            self._times.append(self._clock())

    def progress(self) -> tuple[int, int]:
        """How many pictures of the round are done, of how many that are not parked."""
        began = self._clock()
        if began >= self._good_until:
            counts = self._count()
            self._done = counts["done"]
            self._total = counts["done"] + counts["open"] + counts["leased"]
            now = self._clock()
            self._good_until = now + COUNT_SHARE * (now - began)
        return self._done, self._total

    def per_min(self) -> float:
        """Answers a minute, of the last ones; 0 while there are too few to say."""
        if len(self._times) < LEAST:
            return 0.0
        elapsed_s = self._times[-1] - self._times[0]
        return 60 * (len(self._times) - 1) / elapsed_s if elapsed_s > 0 else 0.0

    def minutes_left(self) -> float | None:
        """How long the rest takes at this pace, in minutes; None while nobody can say."""
        done, total = self.progress()
        per_min = self.per_min()
        return (total - done) / per_min if per_min else None
