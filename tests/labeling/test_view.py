"""A picture on a canvas: whole, centred, and every point finds its way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreck_core.labeling.view import View

views = st.builds(View, *[st.integers(1, 9000)] * 2, *[st.integers(200, 4000)] * 2)
part = st.floats(0, 1)


@given(views)
def test_the_picture_lies_whole_inside_the_canvas(view: View) -> None:
    (left, top), (width, height) = view.origin, view.size
    assert left >= 0
    assert top >= 0
    assert left + width <= view.canvas_width
    assert top + height <= view.canvas_height


@given(views, part, part)
def test_a_point_goes_there_and_back(view: View, x: float, y: float) -> None:
    assert view.to_picture(*view.to_canvas(x, y)) == pytest.approx((x, y), abs=1e-9)


@given(views, st.floats(-5000, 9000), st.floats(-5000, 9000))
def test_the_mouse_outside_is_clamped(view: View, x: float, y: float) -> None:
    assert all(0 <= value <= 1 for value in view.to_picture(x, y))
