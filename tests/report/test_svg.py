from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreck_core.report.svg import Scale, drawing, element, linear_ticks, log_ticks, polyline


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=60))
def test_any_text_and_attribute_comes_back_from_a_parser(text):
    made = drawing(text, 10, 10, element("text", text, x=1.0, class_=text))
    root = ElementTree.fromstring(made)  # noqa: S314 - made here
    assert root[0].text == (text or None)
    assert root[1].get("class") == text


def test_attributes_are_named_as_svg_does_and_numbers_are_short():
    assert (
        str(element("g", stroke_width=2, class_="a", x=1 / 3))
        == '<g stroke-width="2" class="a" x="0.33"></g>'
    )
    assert 'points="0,1.5 2,3"' in polyline([(0.0, 1.5), (2.0, 3.0)], "line")


def test_scales_reach_their_ends():
    linear, log = Scale(0.5, 1.0, 100, 0), Scale(1, 100, 0, 50, log=True)
    assert [linear(0.5), linear(0.75), linear(1.0)] == pytest.approx([100, 50, 0])
    assert [log(1), log(10), log(100)] == pytest.approx([0, 25, 50])


@given(st.floats(-5, 5), st.floats(0.001, 100))
def test_ticks_are_few_and_inside(low, span):
    ticks = linear_ticks(low, low + span)
    assert 1 <= len(ticks) <= 6
    assert all(low - 1e-6 <= tick <= low + span + 1e-6 for tick in ticks)


def test_ticks_are_round():
    assert linear_ticks(0.88, 0.98) == pytest.approx([0.88, 0.9, 0.92, 0.94, 0.96, 0.98])
    assert log_ticks(2.7, 302) == [5, 10, 20, 50, 100, 200]
