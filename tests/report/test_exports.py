import csv
import io

import pytest

from wreck_core.report import exports

PAIR = {
    "better": "a",
    "worse": "b",
    "delta": -0.25,
    "delta_low": None,
    "delta_high": 0.1,
    "p_adjusted": 0.5,
    "different_answers": 3,
}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_a_spreadsheet_would_run_is_quoted_and_numbers_are_not(start):
    hostile = f'{start}cmd|" /C calc"!A0, and\na line'
    table = exports.pairwise_csv({"pairs": [{**PAIR, "better": hostile}]})
    row = next(csv.DictReader(io.StringIO(table, newline="")))
    assert row["better"] == f"'{hostile}"
    assert (row["delta"], row["delta_low"]) == ("-0.25", "")


def test_a_tie_is_seen_in_the_rank():
    assert exports.rank_label({"rank": 1, "tied": True}) == "1="
    assert exports.rank_label({"rank": 3, "tied": False}) == "3"
    assert exports.rank_label({"rank": None}) == "\N{EN DASH}"
