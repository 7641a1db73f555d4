"""The rounds after the first label: contradictions, second looks, and known answers among new pictures."""

from collections.abc import Collection, Sequence

from wreck_core.labeling.consensus import FinalLabel
from wreck_core.labeling.draw import drawn
from wreck_core.labeling.schema import ADJUDICATE, PRIMARY
from wreck_core.labeling.store import Store
from wreck_core.params import CONFLICT, LIST_ANNOTATOR


def settle(store: Store, contested: Sequence[str]) -> None:
    """Queue what contradicts for adjudication, before the doubts that wait there already."""
    waiting = store.waiting(ADJUDICATE)
    doubts = [sha for sha, strategy in waiting.items() if strategy != CONFLICT and sha not in contested]
    chosen = {**waiting, **dict.fromkeys(contested, CONFLICT)}
    store.enqueue(_in_order([*contested, *doubts]), ADJUDICATE, chosen)


def doubt(store: Store, sha256s: Sequence[str], strategy: str) -> int:
    """Let labels be settled anew, the first the most urgent, behind what waits there; count the new ones."""
    waiting = store.waiting(ADJUDICATE)
    new = [sha for sha in sha256s if sha not in waiting]
    return store.enqueue(
        _in_order([*waiting, *new]), ADJUDICATE, {**waiting, **dict.fromkeys(new, strategy)}
    )[0]


def again(store: Store, final: Collection[FinalLabel], round_name: str, share: float, seed: int) -> int:
    """Queue a share of the labelled pictures once more; count the new ones. A larger share keeps the draw."""
    draws = {row.sha256: drawn(f"{round_name}:{row.sha256}", seed) for row in final}
    asked = [(sha, -draw) for sha, draw in draws.items() if draw < share]
    return store.enqueue(asked, round_name, round_name)[0]


def settled(final: Collection[FinalLabel]) -> dict[str, str]:
    """Give the known answers by sha256: adjudicated, or said by two or more with one voice."""
    return {
        row.sha256: row.label
        for row in final
        if row.round == ADJUDICATE or (row.n_votes > 1 and row.agreement == 1)
    }


def mix_in(store: Store, final: Collection[FinalLabel], share: float, seed: int) -> int:
    """Mix labelled pictures into the first round, up to a share of what waits there; count the new ones.

    Known answers first; where there are too few, pictures that only a list has labelled.
    """
    waiting = store.counts(PRIMARY)["open"]
    wanted = round(share * waiting) - store.repeats(PRIMARY)
    known = settled(final)
    listed = {row.sha256 for row in final if row.annotator.startswith(LIST_ANNOTATOR)} - known.keys()
    pool = [
        *sorted(known, key=lambda sha: drawn(sha, seed + waiting)),
        *sorted(listed, key=lambda sha: drawn(sha, seed + waiting)),
    ]
    return store.mix_in({sha: known.get(sha) for sha in pool[: max(0, wanted)]}, PRIMARY, seed)


def _in_order(sha256s: Sequence[str]) -> list[tuple[str, float]]:
    return [(sha, -float(at)) for at, sha in enumerate(sha256s)]
