from pathlib import Path

import pytest

from wreck_core import files
from wreck_core.dedup import decisions
from wreck_core.dedup.decisions import Decision
from wreck_core.errors import BusyError, InputError
from wreck_core.layout import Layout

HEADER = "sha256_a,sha256_b,same,annotator,at\n"


def test_the_last_word_on_a_pair_counts_whichever_way_round(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(HEADER + "b,a,true,ann,2026-01-01T00:00:00Z\na,b,False,bob,2026-01-02T00:00:00Z\n")
    assert decisions.read(path) == {("a", "b"): False}


@pytest.mark.parametrize("text", [None, HEADER], ids=["no_file", "header_only"])
def test_nobody_has_decided_yet(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "decisions.csv"
    if text:
        path.write_text(text)
    assert decisions.read(path) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no readable CSV"),
        ("sha256_a,same\na,true\n", "has no column sha256_b"),
        (HEADER + "a,b,maybe,ann,\n", "same is 'maybe'"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        decisions.read(path)


def say(layout: Layout, one: str, other: str, same: bool | None, annotator: str = "ann") -> None:
    decisions.remember(layout, Decision(one, other, same, annotator, "2026-01-01T00:00:00Z"))


def test_what_is_said_later_takes_the_place_of_what_was_said_before(layout: Layout) -> None:
    say(layout, "b", "a", True)
    say(layout, "c", "d", False)
    say(layout, "a", "b", False, "bob, the second")
    assert layout.decisions.read_text() == (
        HEADER + "c,d,false,ann,2026-01-01T00:00:00Z\n" + 'a,b,false,"bob, the second",2026-01-01T00:00:00Z\n'
    )
    assert decisions.read(layout.decisions) == {("c", "d"): False, ("a", "b"): False}


def test_a_decision_can_be_taken_back(layout: Layout) -> None:
    say(layout, "a", "b", True)
    say(layout, "b", "a", None)
    assert layout.decisions.read_text() == HEADER


def test_nothing_is_written_while_another_process_writes(layout: Layout) -> None:
    say(layout, "a", "b", True)
    before = layout.decisions.read_text()
    with files.locked(layout.locks, "decisions"), pytest.raises(BusyError, match="decisions is held"):
        say(layout, "c", "d", True)
    assert layout.decisions.read_text() == before
