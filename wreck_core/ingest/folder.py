"""Pictures of a folder into the store, by the same way as fetched ones: examined, hashed, never by name."""

import os
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from wreck_core import clock
from wreck_core.errors import ImageRejectedError, InputError
from wreck_core.ingest import picture
from wreck_core.ingest.download import PictureStore
from wreck_core.ingest.ledger import Ledger
from wreck_core.ingest.outcome import FetchFailedError
from wreck_core.ingest.picture import Picture
from wreck_core.ingest.rows import Row
from wreck_core.ingest.url_list import Account, ListedUrl
from wreck_core.ingest.urls import normalise, url_id
from wreck_core.params import ScrapeParams


@dataclass(frozen=True)
class Found:
    """One file: its place below the folder, and the picture, or the status that says why it is none."""

    parts: tuple[str, ...]
    status: str
    picture: Picture | None = None

    @property
    def facts(self) -> Picture:
        """The picture of a file that is one. Raises ValueError for another."""
        if self.picture is None:
            raise ValueError(f"{self.address}: {self.status}")
        return self.picture

    @property
    def address(self) -> str:
        """The place as plain ASCII, whatever bytes the name is of."""
        return quote(os.fsencode("/".join(self.parts)))


def look(folder: Path, params: ScrapeParams) -> list[Found]:
    """Examine every file of a folder and below, in order of their names. Links are not followed.

    Raises InputError when nothing is there.
    """
    paths = sorted(_files(folder), key=os.fsencode)
    if not paths:
        raise InputError("holds no files", where=str(folder), fix="name a folder of pictures")
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(lambda path: _look(path, path.relative_to(folder).parts, params), paths))


def store(
    ledger: Ledger, pictures: PictureStore, folder: Path, found: Collection[Found], known: Collection[str]
) -> dict[str, str]:
    """Store the pictures that are not `known` by sha256, as of source `dir:<name of the folder>`.

    Returns the sha256 of each that must not come back, and why.
    """
    name = f"dir:{folder.resolve().name}"
    new = {each.picture.sha256: each for each in found if each.picture and each.picture.sha256 not in known}
    refused: dict[str, str] = {}
    for sha256, each in list(new.items()):
        try:
            pictures.keep(each.facts, folder.joinpath(*each.parts).read_bytes())
        except FetchFailedError as error:
            refused[sha256] = error.status
            del new[sha256]
    if new:
        pictures.settle()
        listed = (
            ListedUrl(line, f"{name}/{each.address}", source=name)
            for line, each in enumerate(new.values(), 1)
        )
        ledger.read_list(name, listed, Account(lines=len(new)), ledger.next_reading())
        at = clock.now()
        ledger.record(
            Row(
                url_id(normalise(f"{name}/{each.address}")),
                "",
                "ok",
                attempts=1,
                tried_at=at,
                picture=each.picture,
            )
            for each in new.values()
        )
    return refused


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):  # which does not enter linked folders
        for name in names:
            path = Path(place) / name
            if not path.is_symlink() and path.is_file():
                yield path


def _look(path: Path, parts: tuple[str, ...], params: ScrapeParams) -> Found:
    if path.stat().st_size > params.max_bytes:
        return Found(parts, "too_big")
    try:
        facts = picture.examine(
            path.read_bytes(), max_pixels=params.max_pixels, min_side_px=params.min_side_px
        )
    except ImageRejectedError as error:
        return Found(parts, error.status)
    except OSError:
        return Found(parts, "unreadable")
    return Found(parts, "ok", facts)
