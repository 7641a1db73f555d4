"""The final label of a picture."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wreck_core.labeling import consensus


def vote(
    annotator: str, label: str, kind: str = "label", flags: str = "", at: str = "2026-01-01T00:00:00Z"
) -> dict[str, Any]:
    box = dict.fromkeys("xywh")
    return {
        "annotator": annotator,
        "label": label,
        "kind": kind,
        "flags": flags,
        "at": at,
        "round": "primary",
        "selection": "random",
        **box,
    }


def test_one_voice_decides() -> None:
    row = consensus.decide("a", [vote("ann", "damaged")])
    assert (row.label, row.annotator, row.n_votes, row.agreement) == ("damaged", "ann", 1, 1.0)


def test_the_majority_wins_and_its_share_is_kept() -> None:
    row = consensus.decide("a", [vote("ann", "damaged"), vote("bob", "undamaged"), vote("cy", "damaged")])
    assert (row.label, row.annotator, row.agreement) == ("damaged", "ann+cy", 0.6667)


def test_a_tie_is_unsure_and_flagged() -> None:
    row = consensus.decide("a", [vote("ann", "damaged"), vote("bob", "undamaged")])
    assert (row.label, row.flags) == ("unsure", "conflict")


def test_people_outrank_lists_and_adjudication_outranks_people() -> None:
    votes = [
        vote("list:x", "undamaged", "import"),
        vote("list:y", "undamaged", "import"),
        vote("ann", "damaged"),
    ]
    assert consensus.decide("a", votes).label == "damaged"
    assert consensus.decide("a", [*votes, vote("judge", "reject", "adjudicate")]).label == "reject"


@given(
    st.lists(
        st.tuples(st.sampled_from("abcde"), st.sampled_from(["damaged", "undamaged"])), min_size=1, max_size=7
    )
)
def test_the_order_of_voices_does_not_matter(said: list[tuple[str, str]]) -> None:
    votes = [vote(f"{name}{at}", label) for at, (name, label) in enumerate(said)]
    forward, backward = consensus.decide("a", votes), consensus.decide("a", votes[::-1])
    assert (forward.label, forward.annotator, forward.agreement) == (
        backward.label,
        backward.annotator,
        backward.agreement,
    )
