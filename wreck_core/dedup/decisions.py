"""What people said about pairs of pictures: data/decisions.csv, remembered for ever."""

from pathlib import Path

import pandas as pd

from wreck_core.errors import InputError

COLUMNS = ["sha256_a", "sha256_b", "same", "annotator", "at"]

# (smaller sha256, larger sha256) → are they the same picture?
Decisions = dict[tuple[str, str], bool]


def read(path: Path) -> Decisions:
    """Read the decisions; of several on one pair the last in the file counts. No file: none.

    Raises InputError for a missing column or a `same` that is neither true nor false.
    """
    if not path.exists():
        return {}
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise InputError(f"is no readable CSV: {error}", where=str(path)) from None
    missing = [name for name in COLUMNS[:3] if name not in frame]
    if missing:
        raise InputError(f"has no column {missing[0]}", where=str(path), fix=f"needs {', '.join(COLUMNS)}")
    words = frame.same.str.strip().str.lower()
    wrong = frame.index[~words.isin(["true", "false"])]
    if len(wrong):
        raise InputError(
            f"same is {frame.same[wrong[0]]!r}", where=f"{path}:{wrong[0] + 2}", fix="write true or false"
        )
    pairs = [(min(a, b), max(a, b)) for a, b in zip(frame.sha256_a, frame.sha256_b, strict=True)]
    return dict(zip(pairs, words == "true", strict=True))
