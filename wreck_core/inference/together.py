"""Pictures that come one by one from many threads, asked as one batch: what an accelerator wants."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wreck_core.images import Image

Said = dict[str, NDArray[Any]]


class Together:
    """`ask` takes RGB uint8 (N, px, px, 3) and gives each output as (N, …); here one picture goes in and out.

    May be called from as many threads as wished. Whoever finds `ask` free takes along all that wait, up to
    `most`; nobody waits for company. The last bits of an answer may depend on the company. What `ask` raises
    is raised for each of the batch.
    """

    def __init__(self, ask: Callable[[NDArray[np.uint8]], Said], most: int) -> None:
        self._ask, self._most = ask, most
        self._waiting: deque[tuple[Image, Future[Said]]] = deque()
        self._free = Lock()

    def __call__(self, square: Image) -> Said:
        """Answer RGB uint8 (px, px, 3), each output by its name."""
        mine: Future[Said] = Future()
        self._waiting.append((square, mine))
        while not mine.done():
            with self._free:
                if not mine.done():  # somebody else may have taken it along
                    self._ask_those_who_wait()
        return mine.result()

    def _ask_those_who_wait(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        try:
            said = self._ask(np.stack([square for square, _ in batch]))
        except Exception as error:  # noqa: BLE001 - whatever it is, each of the batch gets it
            for _, whose in batch:
                whose.set_exception(error)
            return
        for at, (_, whose) in enumerate(batch):
            whose.set_result({name: values[at] for name, values in said.items()})
