"""Read any folder of pictures as if it had been fetched, so that dedup is a tool on its own."""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd

from wreck_core import images, phash
from wreck_core.dedup.duplicates import Found
from wreck_core.errors import ImageRejectedError, InputError
from wreck_core.image_header import read_header

PAIR = ["path", "survivor", "distance", "transform", "decision"]

UNREADABLE = "unreadable"

_NAMED = 10  # broken files, the first

Row = dict[str, Any]


def read(folder: Path) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """Hash every picture in `folder` and below: one row each; and `path` and `status` of what is none.

    A status is `not_image`, `too_many_pixels`, `decode_failed` or UNREADABLE. A file of several names
    (links) is read once; folders behind links are not entered. `path` is below `folder`, `url_id` the
    same in a form that can be printed. Raises InputError when there is no picture.
    """
    if not folder.is_dir():
        raise InputError("is no folder", where=str(folder), fix="name a folder of pictures")
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        rows = list(workers.map(lambda path: _row(path, folder), _files(folder)))
    pictures = [row for row in rows if "status" not in row]
    if not pictures:
        raise InputError("holds no pictures", where=str(folder), fix="name a folder of pictures")
    # As objects: a name of bytes that are no UTF-8 is no string of pandas.
    paths = pd.Series([row.pop("path") for row in pictures], dtype=object)
    return pd.DataFrame(pictures).assign(path=paths), [row for row in rows if "status" in row]


def name_pairs(found: Found) -> list[dict[str, Any]]:
    """List what was found by path: PAIR of each row, sorted by survivor."""
    survivor = found.rows.survivor_sha256.map(found.pictures.set_index("sha256").url_id)
    pairs = found.rows.assign(path=found.rows.url_id, survivor=survivor)[PAIR]
    pairs = pairs.sort_values(["survivor", "path"])
    return [dict(zip(PAIR, row, strict=True)) for row in pairs.itertuples(index=False)]


def say_rejected(rejected: list[dict[str, str]]) -> Iterator[str]:
    """Count what is no picture, and name what is a broken one."""
    broken = [row for row in rejected if row["status"] != "not_image"]
    if len(broken) < len(rejected):
        yield f"files that are no pictures: {len(rejected) - len(broken)}"
    if broken:
        named = [f"{row['path']} ({row['status']})" for row in broken[:_NAMED]]
        more = [f"and {len(broken) - _NAMED} more"] * (len(broken) > _NAMED)
        yield f"pictures that cannot be read: {', '.join(named + more)}"


def say(pair: dict[str, Any]) -> str:
    """Tell one of the pairs of `name_pairs`, without the path that the line begins with."""
    how = {
        "bytes": "equal bytes",
        "pixels": "equal pixels",
        "full": f"whole frame, {pair['distance']} bits",
        "square": f"centre square, {pair['distance']} bits",
        "mirror": f"mirrored, {pair['distance']} bits",
        "crop": "one is a part of the other",
    }[pair["transform"]]
    return f"{pair['decision']:<6}  {pair['survivor']}  ({how})"


def _files(folder: Path) -> list[Path]:
    """Sort the files below; of the names of one file the first that is no symbolic link."""
    named = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    named.sort(key=Path.is_symlink)
    first = {(status.st_dev, status.st_ino): path for path in reversed(named) for status in [path.stat()]}
    return sorted(first.values())


def _row(path: Path, folder: Path) -> Row:
    name = path.relative_to(folder).as_posix()
    shown = name.encode("utf-8", "backslashreplace").decode("utf-8")
    try:
        data = path.read_bytes()
        grey = images.decode_grey(data, enough_px=phash.ENOUGH_PX)
        header = read_header(data)
    except OSError:
        return {"path": shown, "status": UNREADABLE}
    except ImageRejectedError as rejected:
        return {"path": shown, "status": rejected.status}
    full, square = phash.of_grey(grey)
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "url_id": shown,
        "path": name,
        "list": "",
        "line": 0,
        "bytes": len(data),
        "width": header.width,
        "height": header.height,
        "phash": full,
        "phash_square": square,
        "labeled_at": "",
        "trained": False,
    }
