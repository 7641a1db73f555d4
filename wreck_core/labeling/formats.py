"""Labels as others write them: rows of a table, and Label Studio's JSON. No path in them is ever opened.

Reference: https://labelstud.io/guide/export (the JSON format), https://labelstud.io/tags/rectangle (percent).
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from wreck_core.errors import InputError
from wreck_core.labeling.records import DIGITS, Box

COLUMNS = ("sha256", "url", "label", "x", "y", "w", "h", "flags", "seconds", "annotator", "labeled_at")
_SHA256 = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_FLAG = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MOST_S = 86_400.0


@dataclass(frozen=True)
class Said:
    """What a file says of one picture, named by `sha256` or `url` ('' where it does not say).

    `fault` is a word for a row that cannot be used, else ''. `line` is its line, or its place in a JSON list.
    """

    line: int
    sha256: str = ""
    url: str = ""
    label: str = ""
    box: Box | None = None
    flags: tuple[str, ...] = ()
    shown_ms: int | None = None
    fault: str = ""


def from_row(line: int, row: Mapping[str, Any]) -> Said:
    """Read a row of a table: sha256 or url, label; perhaps x, y, w, h (0-1), flags, seconds."""
    try:
        return Said(
            line,
            _text(row, "sha256").lower(),
            _text(row, "url"),
            _text(row, "label"),
            _box([row.get(side) for side in "xywh"], 1),
            _flags(_text(row, "flags")),
            _ms(row.get("seconds")),
        )
    except ValueError as error:
        return Said(line, fault=str(error))


def read_label_studio(path: Path) -> Iterator[Said]:
    """Read a Label Studio export (JSON): each annotation that was not cancelled is one Said.

    Raises InputError when the file is no JSON list.
    """
    try:
        tasks = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(
            "is no readable JSON", where=str(path), fix="export it from Label Studio as JSON"
        ) from error
    if not isinstance(tasks, list):
        raise InputError("is no list of tasks", where=str(path), fix="export it from Label Studio as JSON")
    for line, task in enumerate(tasks, 1):
        try:
            yield from _annotations(line, task)
        except (ValueError, TypeError, AttributeError, KeyError, IndexError):
            yield Said(line, fault="bad row")


def _annotations(line: int, task: Any) -> list[Said]:
    data = task["data"]
    image = str(data.get("image") or data.get("url") or "")
    # Our own store names a picture by its hash, so a path may hold it; a path itself means nothing here.
    named = _SHA256.search(str(data.get("sha256") or image).lower())
    url = image if image.startswith(("http://", "https://")) else ""
    said = []
    for annotation in task.get("annotations") or []:
        if annotation.get("was_cancelled"):
            continue
        label, box, flags = "", None, str(data.get("flags") or "")
        for part in annotation["result"]:
            value = part["value"]
            if "choices" in value:
                label = label or str(value["choices"][0])
            elif "width" in value:
                box = box or _box([value[side] for side in ("x", "y", "width", "height")], 100)
                label = label or str((value.get("rectanglelabels") or [""])[0])
        said.append(
            Said(
                line,
                named.group() if named else "",
                url,
                label,
                box,
                _flags(flags),
                _ms(annotation.get("lead_time")),
            )
        )
    return said or [Said(line, named.group() if named else "", url)]


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Give rows of COLUMNS as a table."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        # A name that a spreadsheet would take for a formula.
        name = row["annotator"]
        writer.writerow({**row, "annotator": f"'{name}" if name.startswith(("=", "+", "-", "@")) else name})
    return text.getvalue()


def to_json_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    """Give rows of COLUMNS as JSON lines."""
    return "".join(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in rows)


def to_label_studio(rows: Sequence[Mapping[str, Any]]) -> str:
    """Give rows of COLUMNS as tasks of Label Studio with one annotation each; boxes in percent."""
    tasks = []
    for number, row in enumerate(rows, 1):
        result: list[dict[str, Any]] = [
            {
                "type": "choices",
                "from_name": "label",
                "to_name": "image",
                "value": {"choices": [row["label"]]},
            }
        ]
        if row["w"] is not None:
            sides = zip(("x", "y", "width", "height"), "xywh", strict=True)
            value = {name: 100 * row[side] for name, side in sides} | {"rotation": 0}
            result.append({"type": "rectangle", "from_name": "box", "to_name": "image", "value": value})
        data = {"image": row["url"] or row["path"], "sha256": row["sha256"], "flags": row["flags"]}
        annotation = {"result": result, "was_cancelled": False, "lead_time": row["seconds"]}
        tasks.append({"id": number, "data": data, "annotations": [annotation]})
    return json.dumps(tasks, indent=1, ensure_ascii=False) + "\n"


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    text = "" if value is None or value != value else str(value).strip()
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("not UTF-8") from None
    if "\0" in text:
        raise ValueError("bad row")
    return text


def _box(sides: Sequence[Any], whole: float) -> Box | None:
    """Read a box in parts of `whole`; None when no side is given. Raises ValueError for one that is none."""
    given = [side for side in sides if side is not None and side == side and str(side).strip()]
    if not given:
        return None
    try:
        x, y, w, h = (round(float(side) / whole, DIGITS) for side in given)
        return Box(x, y, w, h)
    except (ValueError, TypeError, OverflowError):
        raise ValueError("bad box") from None


def _flags(text: str) -> tuple[str, ...]:
    flags = tuple(sorted(set(text.split())))
    if not all(_FLAG.fullmatch(flag) for flag in flags):
        raise ValueError("bad flags")
    return flags


def _ms(seconds: Any) -> int | None:
    """Read a time in seconds; None when there is none, or none that can be believed."""
    try:
        value = float(seconds)
    except (TypeError, ValueError, OverflowError):
        return None
    return round(1000 * value) if isfinite(value) and 0 <= value <= _MOST_S else None
