"""DVC's cache, object by object: which are not what their name says, and which are gone.

`dvc status` and `dvc checkout` trust a cached object by its name (treeverse/dvc#5978, #9641).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

_AT_ONCE = 4  # threads; hashing leaves the interpreter's lock
_FOLDER = ".dir"  # suffix of an object that lists a folder


def rotten(objects: Path) -> Iterator[Path]:
    """Yield every object below `objects` (files/md5 of a cache) whose bytes do not have its name's md5."""
    paths = sorted(path for path in objects.glob("??/*") if path.is_file())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for path, digest in zip(paths, pool.map(_md5, paths), strict=True):
            if path.parent.name + path.name.removesuffix(_FOLDER) != digest:
                yield path


def missing(objects: Path, wanted: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (md5, what it is) of wanted objects that are not there; of a folder, each file that is not."""
    for digest, what in wanted.items():
        if not place(objects, digest).exists():
            yield digest, what
        elif digest.endswith(_FOLDER):
            yield from (
                (entry["md5"], f"{what}/{entry['relpath']}")
                for entry in _listed(place(objects, digest))
                if not place(objects, entry["md5"]).exists()
            )


def place(objects: Path, digest: str) -> Path:
    """Give the path of an object."""
    return objects / digest[:2] / digest[2:]


def _listed(folder: Path) -> Iterable[dict[str, Any]]:
    try:
        entries: list[dict[str, Any]] = json.loads(folder.read_bytes())
    except ValueError:  # rotten, which is told elsewhere
        return []
    return entries


def _md5(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
