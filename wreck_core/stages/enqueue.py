"""The enqueue stage: a task for every unique picture without a label, and for every contradiction."""

import hashlib
from collections.abc import Iterator

import pandas as pd

from wreck_core.labeling import consensus, rebuild
from wreck_core.labeling.schema import ADJUDICATE
from wreck_core.layout import Layout
from wreck_core.params import CONFLICT, EnqueueParams, Params
from wreck_core.summary import Summary

ROUND = "primary"


def run(params: Params, layout: Layout) -> Summary:
    """Bring both rounds up to date: new pictures wait in `primary`, contradicting labels in `adjudicate`.

    Raises InputError before anything was scraped.
    """
    layout.require_pictures()
    pictures = pd.read_parquet(layout.candidates, columns=["sha256"]).sha256.drop_duplicates()
    duplicates = _duplicates(layout)
    waiting = pictures[~pictures.isin(_dropped(duplicates))]
    with rebuild.open_store(layout) as store:
        current = store.current_labels()
        labelled = {row["sha256"] for row in current}
        unlabelled = waiting[~waiting.isin(labelled)].tolist()
        added, parked = store.enqueue(_ranked(unlabelled, params.enqueue), ROUND, params.enqueue.order)
        # Unlabelled ones wait in the first round anyhow, and any label of theirs settles what lists say.
        contested = _contested(duplicates) & labelled | {
            row.sha256 for row in consensus.final_labels(current) if CONFLICT in row.flags.split()
        }
        listed = pictures[pictures.isin(contested)].tolist()
        store.enqueue([(sha256, -float(at)) for at, sha256 in enumerate(listed)], ADJUDICATE, "conflict")
        counts, disputes = store.counts(ROUND), store.counts(ADJUDICATE)
    disputed = disputes["open"] + disputes["leased"]
    return Summary(
        headline=f"{counts['open'] + counts['leased']:,} pictures wait for a label",
        rows=(
            ("added", added),
            ("parked", parked),
            ("already labelled", len(waiting) - len(unlabelled)),
            ("to adjudicate", disputed),
        ),
        notes=tuple(_notes(disputed, len(listed) - disputed)),
        data={"counts": counts, "adjudicate": disputes},
    )


def _notes(disputed: int, settled: int) -> Iterator[str]:
    if disputed:
        yield f"labels contradict each other: run `wreck label --round {ADJUDICATE}`"
    if settled:
        yield f"{settled} contested pictures are adjudicated already: run `wreck dedup` to see what is left"


def _duplicates(layout: Layout) -> pd.DataFrame:
    columns = ["sha256", "survivor_sha256", "decision", "conflict"]
    if not layout.duplicates.exists():
        return pd.DataFrame(columns=columns).astype({"conflict": bool})
    return pd.read_parquet(layout.duplicates, columns=columns)


def _dropped(duplicates: pd.DataFrame) -> set[str]:
    drop = (duplicates.decision == "drop") & (duplicates.sha256 != duplicates.survivor_sha256)
    return set(duplicates.sha256[drop])


def _contested(duplicates: pd.DataFrame) -> set[str]:
    """Give the pictures of every cluster whose labels contradict each other."""
    pairs = duplicates[duplicates.conflict]
    return {*pairs.sha256, *pairs.survivor_sha256}


def _ranked(sha256s: list[str], params: EnqueueParams) -> list[tuple[str, float]]:
    """Pair each picture with its priority, higher first: the order of the lists, or a seeded shuffle."""
    if params.order == "fifo":
        return [(sha256, -float(at)) for at, sha256 in enumerate(sha256s)]
    return [(sha256, _drawn(sha256, params.seed)) for sha256 in sha256s]


def _drawn(sha256: str, seed: int) -> float:
    """Draw a number in [0, 1) from the picture and the seed alone: new pictures shuffle none of the old."""
    digest = hashlib.sha256(f"{seed}:{sha256}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
