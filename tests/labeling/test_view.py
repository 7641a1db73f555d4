"""A picture on a canvas: whole at first, and every point finds its way back, however near one looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreck_core.labeling.view import MOST_ZOOM, View

part = st.floats(0, 1)
fitted = st.builds(View, *[st.integers(1, 9000)] * 2, *[st.integers(200, 4000)] * 2)
moves = st.lists(
    st.one_of(
        st.tuples(st.just("zoomed"), st.floats(0.2, 5), st.tuples(part, part)),
        st.tuples(st.just("panned"), st.floats(-2, 2), st.floats(-2, 2)),
    ),
    max_size=6,
)


@st.composite
def views(draw: st.DrawFn) -> View:
    """A view after any walk of zooming and panning."""
    view = draw(fitted)
    for kind, first, second in draw(moves):
        if kind == "zoomed":
            at = (second[0] * view.canvas_width, second[1] * view.canvas_height)
            view = view.zoomed(first, at)
        else:
            view = view.panned(first, second)
    return view


@given(fitted)
def test_the_picture_lies_whole_inside_the_canvas(view: View) -> None:
    (left, top), (width, height) = view.origin, view.size
    assert left >= 0
    assert top >= 0
    assert left + width <= view.canvas_width
    assert top + height <= view.canvas_height


@given(views(), part, part)
def test_a_point_goes_there_and_back(view: View, x: float, y: float) -> None:
    assert view.to_picture(*view.to_canvas(x, y)) == pytest.approx((x, y), abs=1e-9)


@given(views(), st.floats(-5000, 9000), st.floats(-5000, 9000))
def test_the_mouse_outside_is_clamped(view: View, x: float, y: float) -> None:
    assert all(0 <= value <= 1 for value in view.to_picture(x, y))


@given(views())
def test_no_edge_comes_inside_a_canvas_that_the_picture_could_fill(view: View) -> None:
    canvas = (view.canvas_width, view.canvas_height)
    for start, size, room in zip(view.origin, view.size, canvas, strict=True):
        if size <= room:
            assert 0 <= start <= room - size
        else:
            assert room - size <= start <= 0


@given(views())
def test_the_visible_part_fills_what_the_canvas_shows_and_is_never_empty(view: View) -> None:
    left, top, right, bottom = view.visible()
    assert 0 <= left < right <= view.width
    assert 0 <= top < bottom <= view.height
    shown_left, shown_top = view.to_canvas(left / view.width, top / view.height)
    shown_right, shown_bottom = view.to_canvas(right / view.width, bottom / view.height)
    assert shown_left <= max(0, view.origin[0]) + 1
    assert shown_top <= max(0, view.origin[1]) + 1
    assert shown_right >= min(view.canvas_width, view.origin[0] + view.size[0]) - 1
    assert shown_bottom >= min(view.canvas_height, view.origin[1] + view.size[1]) - 1


@given(fitted, st.floats(1, MOST_ZOOM), part, part)
def test_what_lies_under_the_pointer_stays_there_when_one_comes_nearer(
    view: View, factor: float, x: float, y: float
) -> None:
    at = view.to_canvas(x, y)
    nearer = view.zoomed(factor, at)
    for axis, (size, room) in enumerate(
        zip(nearer.size, (view.canvas_width, view.canvas_height), strict=True)
    ):
        filled = size > room
        moved_px = abs(nearer.to_canvas(x, y)[axis] - at[axis])
        # A side that does not fill the canvas stays centred; where it begins to, no gap may open.
        slack = (room - view.size[axis]) + 2 if view.size[axis] < room else 2
        assert not filled or moved_px <= slack


@given(views())
def test_going_back_far_enough_shows_the_whole_picture_again(view: View) -> None:
    whole = view.zoomed(1 / MOST_ZOOM)
    assert (whole.zoom, whole.centre) == (1.0, (0.5, 0.5))
    assert view.zoomed(100.0).zoom == MOST_ZOOM
