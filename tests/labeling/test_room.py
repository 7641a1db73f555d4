"""The room behind the labelling page: what browsers ask, told apart by name, with a real store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wreck_core.errors import InputError
from wreck_core.labeling.forget import forget
from wreck_core.labeling.records import Hint
from wreck_core.labeling.room import BEHIND, Room
from wreck_core.labeling.session import Picture
from wreck_core.labeling.store import Store
from wreck_core.params import Params

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def room(store: Store, pictures: dict[str, Path], params: Params) -> Room:
    found = {sha256: Picture(path) for sha256, path in pictures.items()}
    return Room(store, lambda: found, "primary", params.labels)


@pytest.fixture
def ask(room: Room) -> Ask:
    return lambda name, do, **facts: room.answer({"as": name, "do": do, **facts})


def said(store: Store) -> list[tuple[str, str, str | None]]:
    return [(event["annotator"], event["kind"], event["label"]) for event in store.events()]


def test_people_get_different_pictures_and_one_who_leaves_gives_them_back(
    ask: Ask, pictures: dict[str, Path]
) -> None:
    order = list(pictures)
    ann, ben = ask("ann", "open"), ask("ben", "open")
    assert [ann["shown"], *ann["upcoming"]] == order[:3]
    assert [ben["shown"], *ben["upcoming"]] == order[3:6]
    assert ask("ann", "leave") == {}
    assert ask("cleo", "open")["shown"] == order[0]


def test_an_answer_carries_all_that_the_person_saw(ask: Ask, store: Store, room: Room) -> None:
    shown = ask("ann", "open")["shown"]
    box, note = [0.25, 0.5, 0.5, 0.25], "left door"
    said_of = {"box": box, "flags": ["blurry"], "note": note}
    assert ask("ann", "mark", shown=shown, **said_of)["headline"] == "flag blurry set"
    after = ask("ann", "label", shown=shown, label="damaged", shown_ms=840, uid="a1", **said_of)
    assert after["headline"].startswith("damaged #1 saved")
    assert (after["box"], after["flags"], after["note"], after["share"]) == (None, (), "", 1 / 12)
    event = next(store.events())
    assert [event[side] for side in "xywh"] == box
    assert (event["flags"], event["note"], event["shown_ms"], event["uid"]) == ("blurry", note, 840, "a1")
    assert room.given == 1


def test_a_question_asked_again_does_nothing_twice(ask: Ask, store: Store) -> None:
    shown = ask("ann", "open")["shown"]
    once = ask("ann", "label", shown=shown, label="damaged", uid="a1")
    again = ask("ann", "label", shown=shown, label="damaged", uid="a1")
    assert again["shown"] == once["shown"] != shown
    assert not again["fault"]
    for _ in range(2):
        assert ask("ann", "undo", uid="u1")["shown"] == shown
    assert said(store) == [("ann", "label", "damaged"), ("ann", "undo", None)]


def test_a_page_that_is_behind_labels_nothing(ask: Ask, store: Store) -> None:
    shown = ask("ann", "open")["shown"]
    ask("ann", "label", shown=shown, label="damaged")
    other_tab = ask("ann", "label", shown=shown, label="undamaged")
    assert other_tab["fault"]
    assert BEHIND in other_tab["headline"]
    assert said(store) == [("ann", "label", "damaged")]
    assert not ask("ann", "label", shown=other_tab["shown"], label="undamaged")["fault"]


def test_nobody_takes_back_or_changes_what_another_said(ask: Ask, store: Store) -> None:
    shown = ask("ann", "open")["shown"]
    ask("ann", "label", shown=shown, label="damaged", uid="a1")
    ask("ben", "open")
    for do in ("undo", "back"):
        ask("ben", do)
        assert ask("ben", "label", shown=shown, label="undamaged")["fault"]
    assert said(store) == [("ann", "label", "damaged")]


def test_of_two_with_one_picture_the_later_is_told_that_nothing_was_saved(ask: Ask, store: Store) -> None:
    shown = ask("ann", "open")["shown"]
    store._db.execute("UPDATE task SET lease_until = 0")  # ann was away for longer than a lease
    assert ask("ben", "open")["shown"] == shown
    assert not ask("ben", "label", shown=shown, label="undamaged")["fault"]
    late = ask("ann", "label", shown=shown, label="damaged")
    assert late["fault"]
    assert "not saved" in late["headline"].lower()
    assert said(store) == [("ben", "label", "undamaged")]


def test_an_answer_that_went_with_its_picture_cannot_be_changed(ask: Ask, store: Store) -> None:
    shown = ask("ann", "open")["shown"]
    ask("ann", "label", shown=shown, label="damaged")
    assert ask("ann", "back")["shown"] == shown
    forget(store._path, [shown])  # a takedown, by another process
    late = ask("ann", "label", shown=shown, label="undamaged")
    assert late["fault"]
    assert "taken down" in late["detail"]
    assert late["shown"] not in (None, shown)
    assert said(store) == []


def test_hints_are_off_until_asked_for_and_then_recorded(ask: Ask, store: Store) -> None:
    shown = ask("ann", "open")["shown"]
    store.suggest("primary", {shown: Hint("damaged", 0.9, "lite0")})
    ask("ann", "leave")
    assert ask("ann", "open")["hint"] is None
    for _ in range(2):  # the second is a retry
        told = ask("ann", "hints", hints=True)
    assert told["hint"] == {"label": "damaged", "score": 0.9, "model": "lite0"}
    ask("ann", "label", shown=shown, label="damaged")
    assert next(store.events())["hint_shown"] == 1


def test_a_page_of_pictures_is_accepted_once_but_for_the_odd_ones(
    ask: Ask, store: Store, pictures: dict[str, Path]
) -> None:
    sure = list(pictures)[6:10]
    store.suggest("primary", {sha: Hint("damaged", 0.9 - at / 10, "m") for at, sha in enumerate(sure)})
    grid = ask("ann", "grid")["grid"]
    assert grid["label"] == "damaged"
    assert grid["pictures"] == sure
    assert grid["scores"] == pytest.approx([0.9, 0.8, 0.7, 0.6])
    accept = {"pictures": sure, "odd": [1], "uid": "g1"}
    for _ in range(2):
        after = ask("ann", "accept", **accept)
        assert (after["grid"], after["fault"], after["shown"]) == (None, False, sure[1])
    assert ask("ann", "accept", pictures=sure, odd=[])["fault"]
    assert said(store) == [("ann", "label", "damaged")] * 3


def test_what_nobody_could_see_is_rejected_or_nothing(ask: Ask, room: Room, store: Store) -> None:
    shown = ask("ann", "open")["shown"]
    room.unseen.add(shown)
    with pytest.raises(InputError, match="cannot be shown"):
        ask("ann", "label", shown=shown, label="damaged")
    ask("ann", "label", shown=shown, label="reject")
    assert said(store) == [("ann", "label", "reject")]


def test_who_falls_silent_gives_back_what_they_held(ask: Ask, room: Room, store: Store) -> None:
    ask("ann", "open")
    room.dismiss_silent()
    assert store.counts("primary")["leased"] == 3
    room.dismiss_silent(silence_s=0.0)
    assert store.counts("primary")["leased"] == 0
    shown = ask("ann", "open")["shown"]  # and may go on
    assert not ask("ann", "label", shown=shown, label="damaged")["fault"]
    room.close()
    assert store.counts("primary") == {"open": 11, "leased": 0, "done": 1, "parked": 0}
    assert room.given == 1


def test_an_empty_queue_says_why_and_looks_again_when_asked(
    ask: Ask, store: Store, pictures: dict[str, Path]
) -> None:
    for name in ("ann", "ben", "cleo", "dan"):
        ask(name, "open")
    told = ask("eve", "open")
    assert (told["shown"], told["why_empty"]) == (None, "12 are with others at the moment")
    ask("ben", "leave")
    assert ask("eve", "open")["shown"] == list(pictures)[3]


def test_only_pictures_that_were_offered_have_a_path(ask: Ask, room: Room, pictures: dict[str, Path]) -> None:
    order = list(pictures)
    assert room.path(order[0]) is None
    ask("ann", "open")
    assert [room.path(sha256) for sha256 in order[:4]] == [*list(pictures.values())[:3], None]


def test_a_picture_that_was_fetched_later_is_found(
    store: Store, pictures: dict[str, Path], params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {sha256: Picture(path) for sha256, path in list(pictures.items())[1:]}
    room = Room(store, lambda: dict(found), "primary", params.labels)
    first, path = next(iter(pictures.items()))
    found[first] = Picture(path)
    monkeypatch.setattr("wreck_core.labeling.room.SEEK_AGAIN_S", -1.0)
    assert room.answer({"as": "ann", "do": "open"})["shown"] == first
    assert room.path(first) == path


@pytest.mark.parametrize(
    "question",
    [
        None,
        [],
        {},
        {"as": "ann"},
        {"as": "ann", "do": "drop"},
        {"as": "ann", "do": "open", "more": 1},
        {"as": "", "do": "open"},
        {"as": "=1+1", "do": "open"},
        {"as": "@ann", "do": "open"},
        {"as": "a\nb", "do": "open"},
        {"as": "a" * 41, "do": "open"},
        {"as": "ann", "do": "mark", "flags": ["unheard_of"]},
        {"as": "ann", "do": "mark", "box": [0.9, 0.9, 0.5, 0.5]},
        {"as": "ann", "do": "mark", "box": [0, 0, 0, 1]},
        {"as": "ann", "do": "mark", "box": [float("nan"), 0, 1, 1]},
        {"as": "ann", "do": "mark", "box": [0, 0, 1]},
        {"as": "ann", "do": "mark", "note": "x" * 501},
        {"as": "ann", "do": "label", "label": "car"},
        {"as": "ann", "do": "label", "label": "damaged", "shown_ms": -1},
        {"as": "ann", "do": "label", "label": "damaged", "shown_ms": "7"},
        {"as": "ann", "do": "label", "label": "damaged", "uid": "'; --"},
        {"as": "ann", "do": "accept", "odd": [-1]},
        {"as": "ann", "do": "accept", "pictures": ["../../etc/passwd"]},
    ],
)
def test_what_is_no_question_changes_nothing(ask: Ask, room: Room, store: Store, question: Any) -> None:
    shown = ask("ann", "open")["shown"]
    if isinstance(question, dict) and question.get("do") in ("label", "mark"):
        question = question | {"shown": shown}
    with pytest.raises(InputError):
        room.answer(question)
    assert said(store) == []


@pytest.mark.parametrize("name", ["ann", "Ann B.", "ann@mail", "Zoë", "李雷", "a" * 40, "7"])
def test_people_have_many_names(ask: Ask, name: str) -> None:
    assert ask(name, "open")["shown"]
