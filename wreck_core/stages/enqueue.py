"""The enqueue stage: who waits for a label, in which round, and in which order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import pandas as pd

from wreck_core import files
from wreck_core.errors import UsageError
from wreck_core.labeling import consensus, rebuild, rounds
from wreck_core.labeling.schema import ADJUDICATE, PRIMARY
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout
from wreck_core.params import CONFLICT, Order, Params
from wreck_core.stages import ranking, suspects
from wreck_core.summary import Progress, Summary, count, silent

BY_MODELS = ("suspect", "disagree")
ORDERS = (*get_args(Order), *BY_MODELS)


@dataclass(frozen=True)
class Known:
    """All unique pictures by sha256, the labels so far, and the pictures whose labels contradict."""

    unique: list[str]
    final: list[consensus.FinalLabel]
    contested: list[str]


def run(params: Params, layout: Layout, order: str = "", progress: Progress = silent) -> Summary:
    """Bring the first round and the adjudication up to date: new pictures, and labels that contradict.

    `order` is that of params by default; `suspect` and `disagree` also queue the labels that models
    doubt or deny for adjudication. Raises UsageError for another order, InputError before anything was
    scraped.
    """
    if order and order not in ORDERS:
        raise UsageError(f"--order {order}: there is no such order", fix=f"take {', '.join(ORDERS)}")
    with rebuild.open_store(layout) as store:
        there = known(layout, store)
        rounds.settle(store, there.contested)
        rows = []
        if order in BY_MODELS:
            doubted = suspects.doubted(params, layout, store, order)
            rows = [(f"labels to look at: {order}", rounds.doubt(store, doubted, order))]
        order = params.enqueue.order if not order or order in BY_MODELS else order
        labelled = {row.sha256: row.label for row in there.final}
        unlabelled = [sha for sha in there.unique if sha not in labelled]
        ranked = ranking.rank(params, layout, unlabelled, labelled, order, progress)
        places = [(sha, -float(at)) for at, (sha, _) in enumerate(ranked.tasks)]
        added, parked = store.enqueue(places, PRIMARY, dict(ranked.tasks))
        if order == "auto":
            rounds.mix_in(store, there.final, 2 * params.enqueue.repeat_share, params.enqueue.seed)
        store.suggest(PRIMARY, ranked.hints)
        counts, disputes = store.counts(PRIMARY), store.counts(ADJUDICATE)
    disputed = disputes["open"] + disputes["leased"]
    return Summary(
        headline=f"{count(counts['open'] + counts['leased'], 'picture')} to label",
        rows=(
            ("added", added),
            ("parked", parked),
            ("already labelled", len(there.unique) - len(unlabelled)),
            *rows,
            ("to adjudicate", disputed),
        ),
        notes=(*ranked.notes, *_notes(disputed, len(there.contested) - disputed)),
        data={"counts": counts, "adjudicate": disputes},
    )


def known(layout: Layout, store: Store) -> Known:
    """Gather the pictures and what is said of them. Raises InputError before anything was scraped."""
    layout.require_pictures()
    pictures = files.read_table(layout.candidates, columns=["sha256"]).sha256.drop_duplicates()
    duplicates = _duplicates(layout)
    final = consensus.final_labels(store.current_labels())
    # Unlabelled ones wait in the first round anyhow, and any label of theirs settles what lists say.
    contested = _contested(duplicates) & {row.sha256 for row in final}
    contested |= {row.sha256 for row in final if CONFLICT in row.flags.split()}
    return Known(
        pictures[~pictures.isin(_dropped(duplicates))].tolist(),
        final,
        pictures[pictures.isin(contested)].tolist(),
    )


def _notes(disputed: int, settled: int) -> Iterator[str]:
    if disputed:
        yield f"labels contradict each other, or models doubt them: run `wreck label --round {ADJUDICATE}`"
    if settled > 0:
        yield f"{settled} contested pictures are adjudicated already: run `wreck dedup` to see what is left"


def _duplicates(layout: Layout) -> pd.DataFrame:
    columns = ["sha256", "survivor_sha256", "decision", "conflict"]
    if not layout.duplicates.exists():
        return pd.DataFrame(columns=columns).astype({"conflict": bool})
    return files.read_table(layout.duplicates, columns=columns)


def _dropped(duplicates: pd.DataFrame) -> set[str]:
    drop = (duplicates.decision == "drop") & (duplicates.sha256 != duplicates.survivor_sha256)
    return set(duplicates.sha256[drop])


def _contested(duplicates: pd.DataFrame) -> set[str]:
    """Give the pictures of every cluster whose labels contradict each other."""
    pairs = duplicates[duplicates.conflict]
    return {*pairs.sha256, *pairs.survivor_sha256}
