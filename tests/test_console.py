"""What reaches the terminal is harmless, whatever the web sent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreck_core import console
from wreck_core.errors import InputError
from wreck_core.summary import Summary

HOSTILE = "http://h/[/foo].jpg \x1b[2J \u202e gpj.exe [bold]x"


@given(st.text())
def test_no_control_or_bidi_character_survives(text: str) -> None:
    clean = console.harmless(text)
    assert len(clean) == len(text)
    assert not set(clean) & set(map(chr, [*range(9), *range(11, 32), 127, 0x9B, 0x202E, 0x2066]))


def test_hostile_text_is_shown_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    console.show(Summary(HOSTILE, rows=((HOSTILE, 3),), notes=(HOSTILE,)), as_json=False)
    console.show_error(InputError(HOSTILE, where=HOSTILE, fix=HOSTILE))
    shown = capsys.readouterr()
    assert "[/foo].jpg" in shown.out
    assert "[bold]x" in shown.err
    assert "\x1b" not in shown.out + shown.err


def test_json_holds_rows_and_data(capsys: pytest.CaptureFixture[str]) -> None:
    console.show(Summary("done", rows=(("ok", 3),), data={"more": [1]}), as_json=True)
    record = json.loads(capsys.readouterr().out)
    assert record == {"headline": "done", "ok": True, "rows": {"ok": 3}, "notes": [], "more": [1]}


def test_plain_progress_prints_some_lines_not_all(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress("scrape") as report:
        for done in range(1001):
            report(done, 1000, "")
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "scrape: 1,000 of 1,000"
    assert len(lines) <= 11


def test_plain_progress_begins_anew_with_another_piece_of_work(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress("train") as report:
        for text in ("features", "heads"):
            for done in (1, 3, 2, 4, 10):
                report(done, 10, text)
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if "heads" in line] == [
        f"train: {done} of 10 heads" for done in (1, 3, 4, 10)
    ]


def test_a_table_breaks_no_time_and_no_heading_and_leaves_out_what_says_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console.out, "width", 80)
    said = {
        "at": "2026-01-02T03:04:05Z",
        "annotator": "ann",
        "n": 0,
        "flags": "",
        "gold": None,
        "note": "because " * 9,
    }
    console.show_table([said | {"standing": "yes"}] * 3, at_most=2)
    heading, *lines, left_out = capsys.readouterr().out.splitlines()
    assert heading.split() == ["at", "annotator", "n", "note", "standing"]
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if line[0] != " "] == ["2026-01-02T03:04:05Z"] * 2
    assert left_out == "and 1 more: --json gives all"
