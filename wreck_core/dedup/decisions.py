"""What people said about pairs of pictures: data/decisions.csv, remembered for ever."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from wreck_core import files
from wreck_core.errors import InputError
from wreck_core.layout import Layout

COLUMNS = ["sha256_a", "sha256_b", "same", "annotator", "at"]

# (smaller sha256, larger sha256) → are they the same picture?
Decisions = dict[tuple[str, str], bool]


@dataclass(frozen=True)
class Decision:
    """What somebody says of two pictures (sha256): the same or not; None takes back what was said."""

    one: str
    other: str
    same: bool | None
    annotator: str
    at: str

    @property
    def pair(self) -> tuple[str, str]:
        """Both pictures, the smaller sha256 first."""
        return min(self.one, self.other), max(self.one, self.other)


def read(path: Path) -> Decisions:
    """Read who is the same as whom. No file: none. Raises InputError as `read_all` does."""
    return {said.pair: said.same for said in read_all(path) if said.same is not None}


def read_all(path: Path) -> list[Decision]:
    """Read the decisions, one for each pair: of several the last in the file counts. No file: none.

    Raises InputError for a missing column or a `same` that is neither true nor false.
    """
    if not path.exists():
        return []
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
    frame = frame.reindex(columns=COLUMNS, fill_value="").assign(same=words == "true")
    last = {said.pair: said for said in (Decision(*row) for row in frame.itertuples(index=False))}
    return list(last.values())


def remember(layout: Layout, said: Decision) -> None:
    """Write a decision down; it takes the place of what was said about the pair before.

    Raises BusyError while another process writes, InputError when the file cannot be read.
    """
    with files.locked(layout.locks, "decisions"):
        others = [old for old in read_all(layout.decisions) if old.pair != said.pair]
        kept = others if said.same is None else [*others, said]
        rows = [(*old.pair, str(old.same).lower(), old.annotator, old.at) for old in kept]
        with files.replacing(layout.decisions) as temp:
            pd.DataFrame(rows, columns=COLUMNS).to_csv(temp, index=False, lineterminator="\n")
