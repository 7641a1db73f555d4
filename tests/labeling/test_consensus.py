"""The final label of a picture."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreck_core.errors import InputError
from wreck_core.labeling import consensus, votes


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


@given(
    st.dictionaries(st.text(min_size=1, max_size=8), st.sampled_from(["damaged", "undamaged"]), max_size=4)
)
def test_votes_of_a_shared_picture_come_back_from_labels_csv(
    tmp_path_factory: pytest.TempPathFactory, said: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("votes") / "labels.csv"
    cell = votes.cell([vote(name, label) for name, label in said.items()])
    pd.DataFrame([{"sha256": "a", "votes": cell}]).to_csv(path, index=False)
    back = {row["annotator"]: row["label"] for row in votes.read(path)}
    assert back == (said if len(said) > 1 else {})


def test_a_verdict_that_knows_of_the_dispute_is_no_vote() -> None:
    blind = [vote("ann", "damaged"), vote("bob", "undamaged")]
    row = consensus.decide("a", [*blind, vote("judge", "damaged", "adjudicate")])
    assert row.votes == "ann=damaged bob=undamaged"
    assert consensus.decide("a", blind[:1]).votes == ""


def test_votes_are_read_as_a_spreadsheet_saves_them_and_other_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("sha256,votes\r\na,ann=damaged ben=unsure\r\n", encoding="utf-8-sig", newline="")
    assert [row["label"] for row in votes.read(path)] == ["damaged", "unsure"]
    for other in (b"", b"sha256,votes\n\xff,\n", b"sha256,votes\na\n"):
        path.write_bytes(other)
        with pytest.raises(InputError, match=r"is no labels\.csv"):
            list(votes.read(path))


def test_labels_of_a_file_without_votes_are_nobodys(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("sha256,label\na,damaged\n")
    assert list(votes.read(tmp_path / "labels.csv")) == list(votes.read(tmp_path / "none.csv")) == []
