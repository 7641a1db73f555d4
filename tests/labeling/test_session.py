"""A session: what a key does to what is shown."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wreck_core import params
from wreck_core.labeling import words
from wreck_core.labeling.records import Box, Hint
from wreck_core.labeling.session import LabelSession
from wreck_core.labeling.store import Store

SETTINGS = params.load(Path(__file__).parents[2] / "params.yaml").labels

Begin = Callable[..., LabelSession]


def test_a_label_is_saved_and_the_next_picture_shown(
    begin: Begin, store: Store, pictures: dict[str, Path]
) -> None:
    session = begin()
    first, second, *_ = pictures
    assert session.shown == first
    assert session.label("damaged", shown_ms=900)
    assert session.shown == second
    assert session.message == "damaged #1 saved — U to undo"
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
    assert words.why_empty(session) == "all done; 1 were skipped; `wreck enqueue` brings them back"
    assert not session.label("damaged")


def test_pictures_held_by_others_are_named(begin: Begin, pictures: dict[str, Path]) -> None:
    sessions = [begin(f"ann{number}") for number in range(4)]
    late = begin("late")
    assert len({session.shown for session in sessions}) == 4
    assert late.shown is None
    assert words.why_empty(late) == "12 are with others at the moment"


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


def test_box_and_flags_go_with_the_answer_and_begin_anew_for_the_next_picture(
    begin: Begin, store: Store
) -> None:
    session = begin()
    session.set_box(Box(0.1, 0.2, 0.5, 0.25))
    session.toggle_flag("watermark")
    session.toggle_flag("blurry")
    session.draft.note = "seen from above"
    assert session.label("damaged")
    assert (session.draft.box, session.draft.flags, session.draft.note) == (None, (), "")
    (row,) = store.current_labels()
    assert [row[side] for side in "xywh"] == [0.1, 0.2, 0.5, 0.25]
    assert (row["flags"], row["note"]) == ("blurry watermark", "seen from above")


def test_looking_back_shows_the_standing_box_and_a_changed_one_is_saved_with_the_label(
    begin: Begin, store: Store
) -> None:
    session = begin()
    first = Box(0.1, 0.2, 0.5, 0.25)
    session.set_box(first)
    session.label("damaged")
    session.back()
    assert session.draft.box == first
    session.set_box(None)
    session.forward()
    session.back()
    assert session.draft.box == first
    session.set_box(Box(0.0, 0.0, 0.5, 0.5))
    session.toggle_flag("blurry")
    assert session.label("damaged")
    (row,) = store.current_labels()
    assert (row["w"], row["h"], row["flags"]) == (0.5, 0.5, "blurry")


def test_undo_gives_box_and_flags_back_to_go_on_with(begin: Begin) -> None:
    session = begin()
    session.set_box(Box(0.1, 0.2, 0.5, 0.25))
    session.toggle_flag("blurry")
    session.label("damaged")
    session.undo()
    assert (session.draft.box, session.draft.flags) == (Box(0.1, 0.2, 0.5, 0.25), ("blurry",))


def test_an_unknown_flag_is_refused(begin: Begin) -> None:
    with pytest.raises(ValueError, match="sepia"):
        begin().toggle_flag("sepia")


def test_a_retried_call_changes_nothing_more(begin: Begin, store: Store) -> None:
    session = begin()
    assert session.label("damaged", uid="a")
    waiting = session.shown
    assert session.label("damaged", uid="a")
    assert session.skip(uid="b")
    assert session.skip(uid="b")
    assert session.undo(uid="c")
    assert session.undo(uid="c")
    assert session.shown == waiting
    session.back()
    assert session.label("reject", uid="d")
    assert session.label("reject", uid="d")
    assert [event["kind"] for event in store.events()] == ["label", "skip", "undo", "label"]
    assert session.given == 1


def test_a_hint_is_off_at_first_and_its_sight_is_recorded(tmp_path: Path) -> None:
    with Store(tmp_path / "labels.db") as store:
        shas = [f"{number:064x}" for number in range(3)]
        store.enqueue([(sha, 0.0) for sha in shas], "primary", "margin")
        store.suggest("primary", {sha: Hint("damaged", 0.75, "resnet50") for sha in shas[:2]})
        session = LabelSession(store, {}, "ann", "primary", SETTINGS)
        assert session.hint is None
        session.label("undamaged")
        session.toggle_hints()
        assert session.hint == Hint("damaged", 0.75, "resnet50")
        session.toggle_hints()
        session.label("damaged")
        session.toggle_hints()
        assert session.message == "hints are on; no model has seen this picture"
        session.label("damaged")
        said = [(event["suggested"], event["score"], event["hint_shown"]) for event in store.events()]
    assert said == [("damaged", 0.75, 0), ("damaged", 0.75, 1), (None, None, 0)]


def test_a_store_that_others_block_is_told_and_the_session_goes_on_when_it_is_free(
    begin: Begin, store: Store, tmp_path: Path
) -> None:
    session = begin()
    session.label("damaged")
    shown = session.shown
    store._db.execute("PRAGMA busy_timeout = 20")
    with closing(sqlite3.connect(tmp_path / "labels.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        session.top_up()
        assert "locked" in session.fault
        assert not session.label("damaged")
        assert (session.shown, len(store.current_labels())) == (shown, 1)
        other.execute("ROLLBACK")
    assert session.label("damaged")
    session.top_up()
    assert (session.fault, len(store.current_labels())) == ("", 2)


def test_what_is_known_of_the_picture_can_be_read(begin: Begin) -> None:
    session = begin()
    assert session.info() == {"sha256": session.shown, "host": "photos.example", "chosen by": "fifo"}


@pytest.fixture
def sorted_by_model(store: Store, pictures: dict[str, Path]) -> list[str]:
    """Let a model speak of all but the first three pictures: seven damaged ones, then two undamaged."""
    known = list(pictures)[3:]
    labels = ["damaged"] * 7 + ["undamaged"] * 2
    store.suggest(
        "primary",
        {
            sha: Hint(label, 0.9 - at / 50, "resnet50")
            for at, (sha, label) in enumerate(zip(known, labels, strict=True))
        },
    )
    return known


def test_a_page_gives_every_picture_but_the_odd_ones_an_event_of_its_own(
    begin: Begin, store: Store, sorted_by_model: list[str]
) -> None:
    session = begin()
    session.open_grid()
    assert session.grid is not None
    assert (session.grid.label, [task.sha256 for task in session.grid.tasks]) == (
        "damaged",
        sorted_by_model[:7],
    )
    session.grid.toggle(2)
    session.grid.toggle(4)
    session.grid.toggle(4)
    assert session.accept_grid(shown_ms=7000, uid="page")
    assert session.message == "6 damaged saved; that was the last page of damaged"
    assert session.accept_grid(uid="page")
    said = list(store.events())
    assert [event["sha256"] for event in said] == [
        sha for sha in sorted_by_model[:7] if sha != sorted_by_model[2]
    ]
    assert {(event["label"], event["hint_shown"], event["shown_ms"]) for event in said} == {
        ("damaged", 1, 1000)
    }
    assert session.shown == sorted_by_model[2]
    session.undo()
    assert session.shown == sorted_by_model[6]


def test_the_grid_goes_on_to_the_next_class_and_gives_back_what_was_not_accepted(
    begin: Begin, store: Store, sorted_by_model: list[str]
) -> None:
    session = begin()
    waiting = session.shown
    session.open_grid()
    session.open_grid()
    assert session.grid is not None
    assert (session.grid.label, len(session.grid.tasks)) == ("undamaged", 2)
    session.close_grid()
    assert (session.grid, session.shown) == (None, waiting)
    assert store.counts("primary") == {"open": 9, "leased": 3, "done": 0, "parked": 0}


def test_without_a_model_the_grid_says_so(begin: Begin) -> None:
    session = begin()
    session.open_grid()
    assert session.grid is None
    assert "no model has spoken" in session.message


@settings(max_examples=40)
@example(["damaged", "back", "undamaged", "undo", "damaged"])
@given(st.lists(st.sampled_from(["damaged", "undamaged", "skip", "undo", "back", "forward"]), max_size=25))
def test_any_keys_keep_the_counts_true(tmp_path_factory: pytest.TempPathFactory, keys: list[str]) -> None:
    with Store(tmp_path_factory.mktemp("keys") / "labels.db") as store:
        shas = [f"{number:064x}" for number in range(6)]
        store.enqueue([(sha, 0.0) for sha in shas], "primary", "fifo")
        session = LabelSession(store, {}, "ann", "primary", SETTINGS)
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
