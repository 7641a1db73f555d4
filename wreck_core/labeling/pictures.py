"""Decoded pictures: the one on show, and the next ones, read ahead by a thread."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Generic, TypeVar

from wreck_core import images
from wreck_core.errors import WreckError
from wreck_core.images import Image

Prepared = TypeVar("Prepared")


class Pictures(Generic[Prepared]):
    """Keeps the last `kept` pictures as `prepare` makes them of the decoded file, RGB uint8 (H, W, 3)."""

    def __init__(self, kept: int, prepare: Callable[[Image], Prepared]) -> None:
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="decode")
        self._ahead: OrderedDict[Path, Future[Prepared | None]] = OrderedDict()
        self._kept, self._prepare = kept, prepare

    def get(self, path: Path) -> Prepared | None:
        """Give the picture, or None when it cannot be decoded or read."""
        return self._request(path).result()

    def ready(self, path: Path) -> bool:
        """Whether `get` would answer at once; if not, the file is read meanwhile."""
        return self._request(path).done()

    def read(self, paths: Iterable[Path]) -> None:
        """Start decoding what comes next."""
        for path in paths:
            self._request(path)

    def close(self) -> None:
        """Stop reading ahead."""
        self._reader.shutdown(wait=True, cancel_futures=True)

    def _load(self, path: Path) -> Prepared | None:
        try:
            return self._prepare(images.load(path))
        except WreckError:
            return None

    def _request(self, path: Path) -> "Future[Prepared | None]":
        if path not in self._ahead:
            self._ahead[path] = self._reader.submit(self._load, path)
        self._ahead.move_to_end(path)
        while len(self._ahead) > self._kept:
            self._ahead.popitem(last=False)
        return self._ahead[path]
