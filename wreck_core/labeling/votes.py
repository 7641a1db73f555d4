"""What each annotator says of a picture, as one cell of labels.csv: `ann=damaged ben=undamaged`.

The cell is there so that agreement can be measured without the label store, which is live and unversioned.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from wreck_core.labeling import labels_csv
from wreck_core.labeling.schema import ADJUDICATE


def cell(votes: Iterable[dict[str, Any]]) -> str:
    """Write the current labels of one picture, one for each annotator; empty when nobody shares it.

    Adjudications are left out: they know of a dispute.
    """
    said = [
        f"{quote(vote['annotator'], safe=':')}={quote(vote['label'])}"
        for vote in votes
        if vote["kind"] != ADJUDICATE
    ]
    return " ".join(sorted(said)) if len(said) > 1 else ""


def of(row: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Give the votes of a row of labels.csv: sha256, annotator, label; none when nobody shares it."""
    for said in (row.get("votes") or "").split():
        annotator, _, label = said.partition("=")
        yield {"sha256": row["sha256"], "annotator": unquote(annotator), "label": unquote(label)}


def read(path: Path) -> Iterator[dict[str, str]]:
    """Give the votes of all rows. No file: none. Raises InputError when it is no labels.csv."""
    for row in labels_csv.rows(path):
        yield from of(row)
