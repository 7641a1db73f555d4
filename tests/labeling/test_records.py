"""Values: a box always lies in its picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreck_core.labeling.records import Box

anywhere = st.tuples(st.floats(-3, 3), st.floats(-3, 3))


@given(anywhere, anywhere)
def test_a_box_between_any_two_corners_lies_in_the_picture_or_is_none(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    box = Box.between(one, other)
    assert box == Box.between(other, one)
    assert box is None or (box.w > 0 and box.h > 0 and box.x + box.w <= 1.00001)


def test_a_drag_past_the_edge_ends_at_the_edge() -> None:
    assert Box.between((0.25, 0.5), (-0.4, 1.7)) == Box(0.0, 0.5, 0.25, 0.5)


def test_a_slipped_click_is_no_box() -> None:
    assert Box.between((0.5, 0.5), (0.504, 0.9)) is None


@pytest.mark.parametrize("sides", [(-0.1, 0, 0.5, 0.5), (0.6, 0, 0.5, 0.5), (0, 0, 0, 0.5)])
def test_a_box_outside_the_picture_cannot_be_made(sides: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="inside the picture"):
        Box(*sides)
