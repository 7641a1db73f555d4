"""labels.csv, row by row: whoever wrote it last, we, git, a spreadsheet or a hand."""

import csv
from collections.abc import Iterator
from pathlib import Path

from wreck_core.errors import InputError


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Give the rows as text; none without the file. Raises InputError when it is no labels.csv."""
    if not path.exists():
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as table:  # spreadsheets write a mark before it
            found = csv.DictReader(table, strict=True)
            if "sha256" not in (found.fieldnames or ()):
                raise ValueError("no header")
            for row in found:
                if None in row or None in row.values():
                    raise ValueError("a row of another length")
                yield row
    except (ValueError, csv.Error):
        raise unreadable(path) from None


def unreadable(path: Path) -> InputError:
    """Give the error of a file that is no labels.csv."""
    return InputError("is no labels.csv", where=str(path), fix="restore it with `git checkout`")
