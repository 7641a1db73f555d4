import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreck_core.report import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.953, ".953"),
        (1.0, "1.000"),
        (-0.0121, f"{words.MINUS}.012"),
        (-0.0001, ".000"),
        (0, ".000"),
        (1.25, "1.250"),
    ],
)
def test_shares_are_printed_without_their_leading_zero(value, text):
    assert words.number(value) == text


def test_names_are_joined_as_a_sentence_does():
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"


@given(st.text(max_size=400))
def test_shown_text_holds_nothing_that_hides_or_turns_it(text):
    shown = words.visible(text, limit=100)
    assert len(shown) <= 100
    assert not any(
        mark in shown for mark in "\x00\x1b\x7f\x9b\n\r\t\u200b\u200f\u202a\u202e\u2066\u2069\ufeff"
    )
