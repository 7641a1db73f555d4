"""Read data/labels.csv: the final label of each picture that somebody judged."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from wreck_core.errors import InputError
from wreck_core.params import LIST_ANNOTATOR, NEVER_TRAINED

COLUMNS = [
    *("sha256", "label", "annotator", "round", "n_votes", "agreement"),
    *("x", "y", "w", "h", "flags", "labeled_at", "selection"),
]
BOX = ["x", "y", "w", "h"]
WHOLE = 1.001  # the sides are rounded


def read(path: Path, classes: Sequence[str]) -> pd.DataFrame:
    """Read the labels: text columns, and the box x, y, w, h as fractions (0-1) or missing. No file: no rows.

    Raises InputError for an unreadable file, a missing column, two rows of one picture, a label that
    params.yaml does not name, or a box that does not lie in its picture.
    """
    if not path.exists():
        return pd.DataFrame(columns=COLUMNS, dtype=str).astype(dict.fromkeys(BOX, "float64"))
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        missing = [name for name in COLUMNS if name not in frame and name != "selection"]
        if missing:
            raise InputError(f"has no column {missing[0]}", where=str(path), fix="run wreck labels export")
        frame["selection"] = _selection(frame)
        for name in BOX:
            frame[name] = pd.to_numeric(frame[name].replace("", None)).astype("float64")
    except (ValueError, pd.errors.ParserError) as error:  # pandas' empty-file error is a ValueError
        raise InputError(f"is no readable CSV: {error}", where=str(path)) from None
    _check(frame, path, [*classes, *NEVER_TRAINED])
    _check_boxes(frame, path)
    return frame[COLUMNS]


def _selection(frame: pd.DataFrame) -> pd.Series:
    """Say how each picture came to be labelled; a file written by hand need not."""
    listed = frame.annotator.str.startswith(LIST_ANNOTATOR).map({True: "list", False: "queue"})
    return frame["selection"].replace("", None).fillna(listed) if "selection" in frame else listed


def _check(frame: pd.DataFrame, path: Path, known: Sequence[str]) -> None:
    unknown = frame.index[~frame.label.isin(known)]
    if len(unknown):
        raise InputError(
            f"label {frame.label[unknown[0]]!r} is none of {', '.join(known)}",
            where=f"{path}:{unknown[0] + 2}",
            fix="name it in labels.classes of params.yaml, or label the picture anew",
        )
    twice = frame.index[frame.duplicated("sha256")]
    if len(twice):
        raise InputError("labels a picture a second time", where=f"{path}:{twice[0] + 2}")


def _check_boxes(frame: pd.DataFrame, path: Path) -> None:
    x, y, width, height = (frame[side] for side in BOX)
    inside = (x.ge(0) & y.ge(0) & width.gt(0) & height.gt(0)) & (x + width).le(WHOLE) & (y + height).le(WHOLE)
    outside = frame.index[frame[BOX].notna().any(axis=1) & ~inside]
    if len(outside):
        raise InputError(
            "the box x, y, w, h does not lie in the picture",
            where=f"{path}:{outside[0] + 2}",
            fix="give all four as fractions (0-1) of the upright picture, or none of them",
        )
