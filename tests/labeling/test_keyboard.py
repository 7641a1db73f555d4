"""Codes have names, and a key that is held down is told from one that is pressed again."""

import pytest

from wreck_core.labeling import keyboard
from wreck_core.labeling.keyboard import Finger


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (ord("1"), "1"),
        (ord("Q"), "q"),
        (32, " "),
        (0xFF51, "left"),
        (27, "escape"),
        (8, "backspace"),
        (13, "enter"),
    ],
)
def test_codes_are_named(code: int, name: str) -> None:
    assert keyboard.name(code) == name


@pytest.mark.parametrize("code", [-1, 0, 0xFFE1, 0x10FFFF])
def test_other_codes_have_no_name(code: int) -> None:
    assert keyboard.name(code) == ""


class Key:
    """A key that a finger is on, or not."""

    down = False

    def is_down(self) -> bool:
        return self.down


def test_repeats_of_a_key_that_stays_down_are_told_even_late() -> None:
    key = Key()
    finger = Finger(key.is_down, lambda code: False)
    key.down = True
    told = []
    for at in (0.0, 0.66, 0.7, 0.74, 2.5):
        told.append(finger.held(49, at))
        finger.watch()
    assert told == [False, True, True, True, True]


def test_a_second_press_counts_at_once_when_the_finger_was_lifted() -> None:
    key = Key()
    finger = Finger(key.is_down, lambda code: pytest.fail("nobody needs to wait"))
    told = []
    for at in (0.0, 0.3, 0.96):
        key.down = True
        told.append(finger.held(49, at))
        finger.watch()
        key.down = False
        finger.watch()
        assert not finger.resting
    assert told == [False, False, False]


def test_a_bounce_of_the_key_counts_once() -> None:
    finger = Finger(lambda: False, lambda code: False)
    told = []
    for at in (0.0, 0.03):
        told.append(finger.held(49, at))
        finger.watch()
    assert told == [False, True]


def test_another_key_counts_while_the_first_is_still_down() -> None:
    finger = Finger(lambda: True, lambda code: False)
    assert [finger.held(49, 0.0), finger.held(50, 0.2)] == [False, False]


def test_without_x_the_next_code_is_awaited_where_a_repeat_may_come() -> None:
    asked = []

    def peek(code: int) -> bool:
        asked.append(code)
        return True

    finger = Finger(None, peek)
    assert [finger.held(49, at) for at in (0.0, 0.66, 5.0)] == [False, True, False]
    assert asked == [49]
