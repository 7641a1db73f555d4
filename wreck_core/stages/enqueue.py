"""The enqueue stage: one labelling task for every unique picture that has no label yet."""

import hashlib

import pandas as pd

from wreck_core.errors import InputError
from wreck_core.labeling import rebuild
from wreck_core.layout import Layout
from wreck_core.params import EnqueueParams, Params
from wreck_core.summary import Summary

ROUND = "primary"


def run(params: Params, layout: Layout) -> Summary:
    """Bring the queue up to date with the pictures: new ones wait, duplicates and labelled ones do not.

    Raises InputError before anything was scraped.
    """
    if not layout.candidates.exists():
        raise InputError("no pictures yet", where=str(layout.candidates), fix="run `wreck scrape LIST` first")
    pictures = pd.read_parquet(layout.candidates, columns=["sha256"]).sha256.drop_duplicates()
    waiting = pictures[~pictures.isin(_dropped(layout))]
    with rebuild.open_store(layout) as store:
        labelled = {row["sha256"] for row in store.current_labels()}
        unlabelled = waiting[~waiting.isin(labelled)].tolist()
        added, parked = store.enqueue(_ranked(unlabelled, params.enqueue), ROUND, params.enqueue.order)
        counts = store.counts(ROUND)
    return Summary(
        headline=f"{counts['open'] + counts['leased']:,} pictures wait for a label",
        rows=(("added", added), ("parked", parked), ("already labelled", len(waiting) - len(unlabelled))),
        data={"counts": counts},
    )


def _dropped(layout: Layout) -> set[str]:
    if not layout.duplicates.exists():
        return set()
    found = pd.read_parquet(layout.duplicates, columns=["sha256", "survivor_sha256", "decision"])
    return set(found.sha256[(found.decision == "drop") & (found.sha256 != found.survivor_sha256)])


def _ranked(sha256s: list[str], params: EnqueueParams) -> list[tuple[str, float]]:
    """Pair each picture with its priority, higher first: the order of the lists, or a seeded shuffle."""
    if params.order == "fifo":
        return [(sha256, -float(at)) for at, sha256 in enumerate(sha256s)]
    return [(sha256, _drawn(sha256, params.seed)) for sha256 in sha256s]


def _drawn(sha256: str, seed: int) -> float:
    """Draw a number in [0, 1) from the picture and the seed alone: new pictures shuffle none of the old."""
    digest = hashlib.sha256(f"{seed}:{sha256}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
