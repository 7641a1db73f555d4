"""How fast a person goes."""

import time
from collections import deque
from collections.abc import Callable

RECENT = 20  # answers: the pace of the last few minutes, not of the whole day
LEAST = 3  # fewer say nothing


class Pace:
    """Takes note of each answer."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: deque[float] = deque(maxlen=RECENT)

    def answered(self) -> None:
        """Take note of an answer."""
        self._times.append(self._clock())

    def per_min(self) -> float:
        """Answers a minute, of the last ones; 0 while there are too few to say."""
        if len(self._times) < LEAST:
            return 0.0
        elapsed_s = self._times[-1] - self._times[0]
        return 60 * (len(self._times) - 1) / elapsed_s if elapsed_s > 0 else 0.0
