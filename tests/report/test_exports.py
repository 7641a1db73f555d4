import csv
import io

import answered
import pytest

from wreck_core.report import exports
from wreck_core.stages import report

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


def test_fifty_rows_with_long_reasons_stay_within_60_kb_of_markdown(layout, params):
    answered.fill(layout)
    names = [f"{'long_name_' * 6}{number:02d}" for number in range(50)]
    for name in names[:30]:
        answered.answer(layout, name, 1.0)
    for name in names[30:]:
        answered.fail(layout, name, "weights | under <b> cannot be had _ " * 400)
    report.run(answered.board_of(params, *names, thumbnails="none", bootstrap=20), layout)
    text = (layout.reports / "leaderboard.md").read_bytes()
    assert len(text) <= 60_000
    assert all(name.encode() in text for name in names)
