"""No more requests at once to a host than it takes, where redirects lead there too."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from wreck_core.ingest.transfer import Transfer

_LOOK_AGAIN_S = 0.1  # a run that was stopped is noticed so soon


class Slots:
    """`per_host` slots for each host of this process.

    The schedule knows how many URLs of a host are under way, but not where they lead: a thousand hosts may
    redirect to one. A slot is held for one request and no longer, so nobody waits for a slot with one in
    hand.
    """

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._taken: Counter[str] = Counter()
        self._freed = threading.Condition()

    @contextmanager
    def one(self, host: str, transfer: Transfer) -> Iterator[None]:
        """Hold a slot of a host. Raises FetchFailedError `deadline` when none gets free in time."""
        with self._freed:
            while self._taken[host] >= self._per_host:
                transfer.check()
                self._freed.wait(_LOOK_AGAIN_S)
            self._taken[host] += 1
        try:
            yield
        finally:
            with self._freed:
                self._taken[host] -= 1
                if not self._taken[host]:
                    del self._taken[host]
                self._freed.notify_all()
