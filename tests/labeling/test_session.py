"""A session: what a key does to what is shown."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wreck_core.labeling.session import LabelSession
from wreck_core.labeling.store import Store

Begin = Callable[..., LabelSession]


def test_a_label_is_saved_and_the_next_picture_shown(
    begin: Begin, store: Store, pictures: dict[str, Path]
) -> None:
    session = begin()
    first, second, *_ = pictures
    assert session.shown == first
    assert session.label("damaged", shown_ms=900)
    assert session.shown == second
    assert session.message == "damaged saved, U takes it back"
    assert [(row["sha256"], row["label"], row["shown_ms"]) for row in store.current_labels()] == [
        (first, "damaged", 900)
    ]


def test_undo_crosses_a_restart(begin: Begin, pictures: dict[str, Path]) -> None:
    session = begin()
    session.label("damaged")
    session.close()
    again = begin()
    assert again.undo()
    assert again.shown == next(iter(pictures))


def test_looking_back_changes_an_earlier_label_and_returns(begin: Begin, store: Store) -> None:
    session = begin()
    session.label("damaged")
    session.label("undamaged")
    waiting = session.shown
    session.back()
    assert session.looking_back == "undamaged"
    session.back()
    assert session.looking_back == "damaged"
    session.label("reject")
    assert session.shown == waiting
    assert sorted(row["label"] for row in store.current_labels()) == ["reject", "undamaged"]


def test_back_stops_at_the_first_and_forward_returns_to_the_queue(begin: Begin) -> None:
    session = begin()
    session.back()
    assert session.message == "no labels of yours yet"
    session.label("damaged")
    waiting = session.shown
    session.back()
    session.back()
    assert session.message == "this is your first label"
    session.forward()
    assert (session.shown, session.looking_back) == (waiting, None)


def test_the_end_of_the_queue_says_why(begin: Begin, pictures: dict[str, Path]) -> None:
    session = begin()
    for _ in range(len(pictures) - 1):
        session.label("damaged")
    session.skip()
    assert session.shown is None
    assert session.why_empty() == "all done; 1 were skipped; `wreck enqueue` brings them back"
    assert not session.label("damaged")


def test_pictures_held_by_others_are_named(begin: Begin, pictures: dict[str, Path]) -> None:
    sessions = [begin(f"ann{number}") for number in range(4)]
    late = begin("late")
    assert len({session.shown for session in sessions}) == 4
    assert late.shown is None
    assert late.why_empty() == "12 are with others at the moment"


def test_a_lost_lease_is_told_and_the_next_picture_can_be_labelled(begin: Begin, store: Store) -> None:
    session = begin()
    lost = session.shown
    store.release("ann")
    other = begin("other")
    assert other.shown == lost
    assert not session.label("damaged")
    assert "not saved" in session.fault
    assert session.shown not in (None, lost)
    assert session.label("damaged")
    assert session.fault == ""
    assert other.label("undamaged")


def test_undoing_a_change_shows_the_picture_with_its_earlier_label(begin: Begin, store: Store) -> None:
    session = begin()
    first = session.shown
    session.label("damaged")
    waiting = session.shown
    session.back()
    session.label("undamaged")
    assert session.undo()
    assert (session.shown, session.looking_back) == (first, "damaged")
    assert session.label("reject")
    assert session.shown == waiting
    assert session.label("damaged")
    assert sorted(row["label"] for row in store.current_labels()) == ["damaged", "reject"]


def test_undoing_a_skip_takes_no_picture_from_who_has_it_now(
    begin: Begin, store: Store, pictures: dict[str, Path]
) -> None:
    session = begin()
    skipped = session.shown
    session.skip()
    session.close()
    store.enqueue([(sha256, float(sha256 == skipped)) for sha256 in pictures], "primary", "fifo")
    other = begin("other")
    again = begin()
    again.undo()
    assert other.label("damaged")
    again.label("undamaged")
    assert again.label("undamaged")


@settings(max_examples=40)
@example(["damaged", "back", "undamaged", "undo", "damaged"])
@given(st.lists(st.sampled_from(["damaged", "undamaged", "skip", "undo", "back", "forward"]), max_size=25))
def test_any_keys_keep_the_counts_true(tmp_path_factory: pytest.TempPathFactory, keys: list[str]) -> None:
    with Store(tmp_path_factory.mktemp("keys") / "labels.db") as store:
        shas = [f"{number:064x}" for number in range(6)]
        store.enqueue([(sha, 0.0) for sha in shas], "primary", "fifo")
        session = LabelSession(store, {}, "ann", "primary", ["damaged", "undamaged"])
        for key in keys:
            if key in ("damaged", "undamaged"):
                session.label(key)
            else:
                getattr(session, key)()
        assert session.fault == ""
        assert sum(store.counts("primary").values()) == 6
        assert store.counts("primary")["done"] == len(store.current_labels())
        session.close()
        assert store.counts("primary")["leased"] == 0
