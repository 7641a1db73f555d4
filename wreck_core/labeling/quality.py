"""Each annotator's work in numbers, and how often a second look keeps the label."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from wreck_core.labeling.agreement import cohens_kappa
from wreck_core.labeling.schema import ADJUDICATE
from wreck_core.labeling.store import Store


@dataclass(frozen=True)
class Annotator:
    """One annotator: `n` current labels, median seconds a picture, agreement with the others, gold.

    `kappa` compares with every other label of the `shared` pictures; `gold` is the share of the `n_gold`
    known answers that were given. None: nothing to say.
    """

    name: str
    n: int
    median_s: float | None
    kappa: float | None
    shared: int
    gold: float | None
    n_gold: int


def by_annotator(store: Store) -> list[Annotator]:
    """Sum up each annotator, lists too, by name."""
    said: dict[str, dict[str, str]] = defaultdict(dict)
    blind: dict[str, dict[str, str]] = defaultdict(dict)
    for vote in store.current_labels():
        said[vote["annotator"]][vote["sha256"]] = vote["label"]
        if vote["kind"] != ADJUDICATE:
            blind[vote["sha256"]][vote["annotator"]] = vote["label"]
    times, gold = _grouped(store.times_ms()), _grouped_gold(store.gold_answers())
    return [
        Annotator(
            name,
            len(labels),
            round(median(times[name]) / 1000, 2) if name in times else None,
            *_against_others(name, blind.values()),
            round(sum(gold[name]) / len(gold[name]), 4) if name in gold else None,
            len(gold.get(name, ())),
        )
        for name, labels in sorted(said.items())
    ]


def _grouped(rows: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for name, value in rows:
        found[name].append(value)
    return dict(found)


def _grouped_gold(rows: Iterable[tuple[str, str, str]]) -> dict[str, list[int]]:
    return _grouped((name, int(label == known)) for name, label, known in rows)


def _against_others(name: str, pictures: Iterable[dict[str, str]]) -> tuple[float | None, int]:
    """Give kappa over all (own, other) labels of the pictures shared with others, and their number."""
    own, others, shared = [], [], 0
    for votes in pictures:
        rest = [label for annotator, label in votes.items() if annotator != name]
        if name in votes and rest:
            shared += 1
            own += [votes[name]] * len(rest)
            others += rest
    if not shared:
        return None, 0
    value = cohens_kappa(own, others)
    return (None if value != value else round(value, 4)), shared


def kept(current: Iterable[dict[str, Any]], round_name: str) -> tuple[int, int]:
    """Count the pictures of a round that confirmed what somebody else had said, and all such pictures."""
    before: dict[str, set[str]] = defaultdict(set)
    after: dict[str, str] = {}
    for vote in current:
        if vote["round"] == round_name:
            after[vote["sha256"]] = vote["label"]
        else:
            before[vote["sha256"]].add(vote["label"])
    seen = [sha for sha in after if before[sha]]
    return sum(after[sha] in before[sha] for sha in seen), len(seen)
