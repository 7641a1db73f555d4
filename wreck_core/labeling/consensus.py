"""The final label of a picture: a pure function of what everybody currently says of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from wreck_core.labeling.schema import ADJUDICATE
from wreck_core.labeling.votes import cell
from wreck_core.params import CONFLICT, LIST_ANNOTATOR

UNDECIDED = "unsure"


@dataclass(frozen=True)
class FinalLabel:
    """One row of labels.csv; x, y, w, h are the crop box in parts of the upright picture, or None.

    `selection` is how the picture first came to be labelled; `votes` is what each annotator says, where
    several do.
    """

    sha256: str
    label: str
    annotator: str
    round: str
    n_votes: int
    agreement: float
    x: float | None
    y: float | None
    w: float | None
    h: float | None
    flags: str
    labeled_at: str
    selection: str
    votes: str


def decide(sha256: str, votes: list[dict[str, Any]]) -> FinalLabel:
    """Decide between current labels of one picture, one for each annotator, in the order of the log.

    The last adjudication wins; else people outrank lists, and among equals the majority wins. A tie
    is `unsure` with the flag `conflict`. `agreement` is the winner's share of the votes that count.
    """
    adjudicated = [vote for vote in votes if vote["kind"] == ADJUDICATE]
    people = [vote for vote in votes if not vote["annotator"].startswith(LIST_ANNOTATOR)]
    counted = adjudicated[-1:] or people or votes
    ranking = Counter(vote["label"] for vote in counted).most_common()
    tie = len(ranking) > 1 and ranking[0][1] == ranking[1][1]
    label = UNDECIDED if tie else ranking[0][0]
    winners = counted if tie else [vote for vote in counted if vote["label"] == label]
    first = winners[0]
    flags = {flag for vote in winners for flag in vote["flags"].split()} | ({CONFLICT} if tie else set())
    return FinalLabel(
        sha256=sha256,
        label=label,
        annotator="+".join(sorted(vote["annotator"] for vote in winners)),
        round=first["round"],
        n_votes=len(counted),
        agreement=round(ranking[0][1] / len(counted), 4),
        x=first["x"],
        y=first["y"],
        w=first["w"],
        h=first["h"],
        flags=" ".join(sorted(flags)),
        labeled_at=min(vote["at"] for vote in winners),
        selection=votes[0]["selection"],
        votes=cell(votes),
    )


def final_labels(current: Iterable[dict[str, Any]]) -> list[FinalLabel]:
    """Decide every picture; `current` and the result are sorted by sha256."""
    return [
        decide(sha256, list(votes)) for sha256, votes in groupby(current, key=lambda vote: vote["sha256"])
    ]
