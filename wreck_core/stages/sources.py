"""The pictures behind what a user names: a file, a folder, a URL. What is none has an error instead."""

import hashlib
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from wreck_core import images
from wreck_core.errors import ImageRejectedError
from wreck_core.image_header import EXTENSIONS
from wreck_core.inference.predictor import Picture
from wreck_core.ingest import blocklist
from wreck_core.ingest.outcome import FetchFailedError
from wreck_core.ingest.picture import judge_magic
from wreck_core.ingest.robots import Robots
from wreck_core.ingest.safe_http import Client
from wreck_core.ingest.url_map import UrlMap
from wreck_core.ingest.urls import normalise, redact
from wreck_core.layout import Layout
from wreck_core.params import Params

SUFFIXES = frozenset(f".{extension}" for extension in (*EXTENSIONS, *EXTENSIONS.values()))

Open = Callable[[], Picture]


class Sources:
    """A context manager that finds pictures, for any number of threads: one HTTP client for all URLs."""

    def __init__(self, params: Params, layout: Layout) -> None:
        self._deadline_s = params.scrape.deadline_s
        self._barred = blocklist.blocklist(blocklist.read(layout.takedowns))
        self._client = Client(params.scrape, UrlMap(()), barred=self._barred)
        self._robots = Robots(self._client, layout.robots)

    def __enter__(self) -> Self:
        self._client.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.__exit__(kind, error, trace)

    def find(self, source: str) -> Iterator[Open]:
        """Give what opens the pictures behind a source: a URL, a file, or all that lie in a folder."""
        if source.startswith(("http://", "https://")):
            yield partial(self._fetch, source)
            return
        path = Path(source)
        if not _is_folder(path):
            yield partial(read, path)
            return
        inside = sorted(
            file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file()
        )
        if not inside:
            yield partial(Picture, source, error="the folder holds no picture")
        for file in inside:
            yield partial(read, file)

    def _fetch(self, url: str) -> Picture:
        """Fetch as `scrape` does: no private address, nothing taken down, no other file, robots.txt heard."""
        deadline_at = monotonic() + self._deadline_s
        try:
            terms = self._robots.terms(deadline_at, judge_magic)
            picture = _decode(redact(url), self._client.get(normalise(url), terms, deadline_at).body)
            if picture.sha256 in self._barred.sha256s:
                raise FetchFailedError("blocklisted", "is a picture that was taken down")
            return picture
        except (FetchFailedError, ImageRejectedError) as error:
            return Picture(redact(url), error=f"{error.status}: {error.what}")


def read(path: Path) -> Picture:
    """Read one file."""
    try:
        return _decode(_name(path), path.read_bytes())
    except OSError as error:
        return Picture(_name(path), error=error.strerror or str(error))
    except ValueError:  # a zero byte
        return Picture(_name(path), error="is no file's name")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # the name is too long
        return False


def _name(path: Path) -> str:
    """Give a path as text that tables can hold: no bytes that are no UTF-8, and no cell that is a formula."""
    name = os.fsencode(path).decode("utf-8", errors="replace")
    return f"./{name}" if name.startswith(("=", "+", "-", "@")) else name


def _decode(name: str, data: bytes) -> Picture:
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        return Picture(name, sha256, images.decode(data))
    except ImageRejectedError as rejected:
        return Picture(name, sha256, error=rejected.what)
