"""Read any folder of pictures as if it had been fetched, so that dedup is a tool on its own."""

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd

from wreck_core import images, phash
from wreck_core.dedup.duplicates import Found
from wreck_core.errors import ImageRejectedError, InputError, StorageError

PAIR = ["path", "survivor", "distance", "transform", "decision"]


def read(folder: Path) -> tuple[pd.DataFrame, int]:
    """Hash every picture in `folder` and below: one row each, and how many files are no pictures.

    `path` and `url_id` are the path below `folder`. Raises InputError when there is no picture.
    """
    if not folder.is_dir():
        raise InputError("is no folder", where=str(folder), fix="name a folder of pictures")
    rows, rejected = [], 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            rows.append(_row(path, folder))
        except ImageRejectedError:
            rejected += 1
    if not rows:
        raise InputError("holds no pictures", where=str(folder), fix="name a folder of pictures")
    return pd.DataFrame(rows), rejected


def name_pairs(found: Found) -> list[dict[str, Any]]:
    """List what was found by path: PAIR of each row, sorted by survivor."""
    survivor = found.rows.survivor_sha256.map(found.pictures.set_index("sha256").path)
    pairs = found.rows.assign(path=found.rows.url_id, survivor=survivor)[PAIR]
    pairs = pairs.sort_values(["survivor", "path"])
    return [dict(zip(PAIR, row, strict=True)) for row in pairs.itertuples(index=False)]


def _row(path: Path, folder: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StorageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    picture = images.decode(data)
    full, square = phash.of_image(picture)
    name = path.relative_to(folder).as_posix()
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "url_id": name,
        "path": name,
        "list": "",
        "line": 0,
        "bytes": len(data),
        "width": picture.shape[1],
        "height": picture.shape[0],
        "phash": full,
        "phash_square": square,
        "labeled_at": "",
        "trained": False,
    }
