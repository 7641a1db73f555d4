"""Files named by their hash, the store by sha256 and the cache of DVC by md5: which are not what they say.

`dvc status` and `dvc checkout` trust a cached object by its name (treeverse/dvc#5978, #9641).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

_AT_ONCE = 4  # threads; hashing leaves the interpreter's lock
_FOLDER = ".dir"  # suffix of an object that lists a folder


def changed_pictures(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files of the store whose bytes do not have the sha256 that they are named by."""
    return _misnamed(paths, "sha256", lambda path: path.stem)


def rotten_objects(objects: Path) -> Iterator[Path]:
    """Yield every object below `objects` (files/md5 of a cache) whose bytes do not have its name's md5."""
    paths = sorted(path for path in objects.glob("??/*") if path.is_file())
    return _misnamed(paths, "md5", lambda path: path.parent.name + path.name.removesuffix(_FOLDER))


def missing_objects(objects: Path, wanted: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (md5, what it is) of wanted objects that are not there; of a folder, each file that is not."""
    for digest, what in wanted.items():
        if not place(objects, digest).exists():
            yield digest, what
        elif digest.endswith(_FOLDER):
            entries: list[dict[str, Any]] = json.loads(place(objects, digest).read_bytes())
            for entry in entries:
                if not place(objects, entry["md5"]).exists():
                    yield entry["md5"], f"{what}/{entry['relpath']}"


def place(objects: Path, digest: str) -> Path:
    """Give the path of an object."""
    return objects / digest[:2] / digest[2:]


def _misnamed(paths: Iterable[Path], algorithm: str, name: Callable[[Path], str]) -> Iterator[Path]:
    def digest(path: Path) -> str:
        with path.open("rb") as handle:
            return hashlib.file_digest(
                handle, lambda: hashlib.new(algorithm, usedforsecurity=False)
            ).hexdigest()

    listed = list(paths)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for path, found in zip(listed, pool.map(digest, listed), strict=True):
            if found != name(path):
                yield path
