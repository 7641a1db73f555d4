"""What keys and the mouse do, and what is seen then; the window itself is tested on a screen."""

import string
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wreck_core import images, params
from wreck_core.images import Image
from wreck_core.labeling import ink, sheet, words
from wreck_core.labeling.desk import Desk
from wreck_core.labeling.records import Box, Hint
from wreck_core.labeling.session import LabelSession, Picture
from wreck_core.labeling.store import Store

SETTINGS = params.load(Path(__file__).parents[2] / "params.yaml").labels
SIZE = (1280, 860)
Begin = Callable[..., LabelSession]


@pytest.fixture
def session(begin: Begin) -> LabelSession:
    return begin()


@pytest.fixture
def desk(session: LabelSession) -> Iterator[Desk]:
    desk = Desk(session)
    desk.draw(*SIZE)
    yield desk
    desk.close()


def press(desk: Desk, *keys: str) -> list[bool]:
    return [desk.press(key, 500) for key in keys]


def drag(desk: Desk, start: tuple[int, int], end: tuple[int, int]) -> None:
    desk.push(*start)
    desk.point(*end)
    desk.let_go(*end)


def share(frame: Image, colour: tuple[int, int, int]) -> float:
    """Which part of a frame has exactly this colour."""
    return float((frame == np.array(colour, np.uint8)).all(axis=2).mean())


def test_a_dragged_box_is_saved_with_the_label_and_dims_the_rest(
    desk: Desk, session: LabelSession, store: Store
) -> None:
    before = desk.draw(*SIZE)
    drag(desk, (400, 200), (900, 500))
    after = desk.draw(*SIZE)
    assert after[:700].mean() < 0.8 * before[:700].mean()
    assert np.array_equal(after[350:360, 600:700], before[350:360, 600:700])
    assert session.draft.box is not None
    press(desk, "1")
    (row,) = store.current_labels()
    assert 0 < row["x"] < row["x"] + row["w"] < 1


def test_a_drag_that_leaves_the_window_ends_at_the_edge_of_the_picture(
    desk: Desk, session: LabelSession
) -> None:
    drag(desk, (640, 380), (-300, -900))
    assert session.draft.box is not None
    assert (session.draft.box.x, session.draft.box.y) == (0.0, 0.0)


def test_a_click_is_no_box_and_keeps_the_one_there_is(desk: Desk, session: LabelSession) -> None:
    drag(desk, (400, 200), (900, 500))
    box = session.draft.box
    drag(desk, (500, 300), (502, 301))
    assert session.draft.box == box
    press(desk, "c")
    assert session.draft.box is None


def test_a_box_drawn_while_zoomed_in_means_the_same_part_of_the_picture(
    desk: Desk, session: LabelSession
) -> None:
    desk.point(640, 382)
    press(desk, "z")
    drag(desk, (320, 191), (960, 573))
    near = session.draft.box
    assert near is not None
    press(desk, "z")
    desk.draw(*SIZE)
    # Two and a half times as near, the same stretch of the canvas holds two and a half times less.
    drag(desk, (640 - 128, 382 - 76), (640 + 128, 382 + 76))
    assert session.draft.box is not None
    assert [near.x, near.y, near.w, near.h] == pytest.approx(
        [session.draft.box.x, session.draft.box.y, session.draft.box.w, session.draft.box.h], abs=0.01
    )


def test_zoom_and_pan_change_what_is_seen_and_end_with_the_picture(desk: Desk) -> None:
    whole = desk.draw(*SIZE)
    assert press(desk, "+", "+", "right") == [True, True, True]
    assert not np.array_equal(desk.draw(*SIZE), whole)
    press(desk, "0")
    assert np.array_equal(desk.draw(*SIZE), whole)
    assert press(desk, "left", "-") == [False, False]
    assert all(desk.repeats(key) for key in ("left", "+", "0"))
    assert not any(desk.repeats(key) for key in ("1", "u", " ", "z"))


def test_flags_are_chosen_by_number_and_no_label_is_given_meanwhile(
    desk: Desk, session: LabelSession, store: Store
) -> None:
    assert press(desk, "f", "1", "1", "3", "9", "u") == [True, True, True, True, False, False]
    assert session.draft.flags == ("several_cars",)
    assert words.headline(session) == "flag several cars set"
    assert store.current_labels() == []
    press(desk, "f", "1")
    (row,) = store.current_labels()
    assert (row["label"], row["flags"]) == ("damaged", "several_cars")


def test_help_lists_every_key_and_takes_the_others(desk: Desk, store: Store) -> None:
    plain = desk.draw(*SIZE)
    assert press(desk, "?", "1", " ") == [True, False, False]
    assert share(desk.draw(*SIZE), ink.TEXT) > share(plain, ink.TEXT)
    assert press(desk, "escape") == [True]
    assert not desk.closing
    assert store.current_labels() == []
    press(desk, "escape")
    assert desk.closing


def test_no_label_can_take_the_key_of_a_command(session: LabelSession) -> None:
    meant = set()
    for key in string.digits + string.ascii_lowercase + string.punctuation + " ":
        desk = Desk(session)
        desk.press("+", 500)
        if key not in SETTINGS.keys.values() and desk.press(key, 500):
            meant.add(key)
        desk.close()
    assert meant == params.COMMAND_KEYS


def test_a_picture_that_cannot_be_read_can_only_be_rejected_or_skipped(
    begin: Begin, store: Store, pictures: dict[str, Path]
) -> None:
    for path in list(pictures.values())[:2]:
        path.write_bytes(path.read_bytes()[:400])
    desk = Desk(begin())
    desk.draw(*SIZE)
    assert press(desk, "1", "2", "3", "+", "4", "1", " ", "1") == [
        False,
        False,
        False,
        False,
        True,
        False,
        True,
        True,
    ]
    desk.close()
    assert [event["label"] for event in store.events()] == ["reject", None, "damaged"]


def test_a_failed_save_paints_the_bar_red_and_keeps_the_picture(
    desk: Desk, session: LabelSession, store: Store
) -> None:
    shown = session.shown
    store._db.execute("PRAGMA max_page_count = 1")  # the file may not grow: a disk that is full
    session.draft.note = "long " * 10_000
    press(desk, "1")
    assert session.shown == shown
    assert share(desk.draw(*SIZE), ink.FAULT) > 0.05
    assert store.current_labels() == []
    store._db.execute("PRAGMA max_page_count = 1000000")
    press(desk, "1")
    assert session.shown != shown
    assert share(desk.draw(*SIZE), ink.FAULT) == 0
    assert [row["sha256"] for row in store.current_labels()] == [shown]


def test_a_hint_is_seen_only_when_asked_for(desk: Desk, session: LabelSession, store: Store) -> None:
    assert session.shown
    store.suggest("primary", {session.shown: Hint("damaged", 0.9, "resnet50")})
    press(desk, " ", "u")
    assert share(desk.draw(*SIZE)[:60], ink.ACCENT) == 0
    press(desk, "m")
    assert share(desk.draw(*SIZE)[:60], ink.ACCENT) > 0.01


def test_a_page_is_toggled_by_key_and_click_and_accepted_by_enter(
    desk: Desk, session: LabelSession, store: Store, pictures: dict[str, Path]
) -> None:
    known = list(pictures)[3:]
    pictures[known[5]].write_bytes(b"no picture")
    store.suggest("primary", {sha: Hint("undamaged", 0.9 - at / 50, "m") for at, sha in enumerate(known)})
    press(desk, "g")
    assert session.grid is not None
    stage = (SIZE[0], SIZE[1] - 96)
    left, top, right, bottom = sheet.places(*stage)[1]
    desk.draw(*SIZE)
    assert desk.push((left + right) // 2, (top + bottom) // 2)
    assert not desk.push(2, 2)
    press(desk, "1", "4", "4")
    while desk.loading:
        desk.draw(*SIZE)
    assert press(desk, "enter") == [True]
    assert [event["sha256"] for event in store.events()] == [*known[2:5], *known[6:]]
    # The odd ones come next, and so does the one that nobody could see.
    assert session.shown == known[0]
    assert store.counts("primary") == {"open": 0, "leased": 6, "done": 6, "parked": 0}


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (500, 900), (1280, 860), (2560, 1440)])
def test_every_state_can_be_drawn_at_any_size(
    desk: Desk, session: LabelSession, size: tuple[int, int]
) -> None:
    for keys in (["h"], ["h", "f"], ["f", "i"], ["i", "m", "z"], ["1", "a"]):
        press(desk, *keys)
        assert desk.draw(*size).shape == (size[1], size[0], 3)
    while session.shown:
        session.forward() if session.looking_back else session.skip()
    assert desk.draw(*size).any()


keys = st.sampled_from([*"1234uadcfzimgh?+-0q ", "left", "up", "enter", "escape", "backspace", ""])
mouse = st.tuples(st.integers(-500, 2000), st.integers(-500, 1500))


@settings(max_examples=20)
@given(st.lists(st.one_of(keys, mouse), max_size=30))
def test_no_order_of_keys_and_drags_breaks_it(
    tmp_path_factory: pytest.TempPathFactory, did: list[str | tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("desk")
    picture = folder / "picture.png"
    picture.write_bytes(images.encode(np.zeros((30, 50, 3), np.uint8), "png"))
    with Store(folder / "labels.db") as store:
        shas = [f"{number:064x}" for number in range(5)]
        store.enqueue([(sha, 0.0) for sha in shas], "primary", "fifo")
        store.suggest("primary", {sha: Hint("damaged", 0.5, "m") for sha in shas[2:]})
        session = LabelSession(store, {sha: Picture(picture) for sha in shas}, "ann", "primary", SETTINGS)
        desk = Desk(session)
        for step in did:
            if isinstance(step, str):
                desk.press(step, 500)
            elif desk.dragging:
                desk.let_go(*step)
            else:
                desk.push(*step)
            desk.draw(320, 240)
        desk.close()
        assert session.fault == ""
        assert store.counts("primary")["done"] == len(store.current_labels())
        assert all(Box(row["x"], row["y"], row["w"], row["h"]) for row in store.current_labels() if row["w"])
