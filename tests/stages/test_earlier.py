import json

import answered
import pytest
import tiny
from dvc.repo import Repo

from wreck_core import dvcio
from wreck_core.errors import InputError
from wreck_core.stages import earlier, report


@pytest.fixture
def workspace(layout, params):
    """A DVC workspace in git with one committed report, and a second report with a better model."""
    answered.fill(layout)
    answered.answer(layout, "mobilenet", 1.0)
    board = answered.board_of(params, "mobilenet")
    report.run(board, layout)
    tiny.git(layout.root, "init", "-q", "-b", "main")
    Repo.init(str(layout.root)).close()
    dvcio.snapshot(layout.root, [layout.report_json])
    tiny.git(layout.root, "add", "reports/report.json.dvc", ".dvc")
    tiny.git(layout.root, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "night")
    answered.answer(layout, "mobilenet", 2.5)
    report.run(board, layout)
    return layout, board


def delta_of(summary):
    (row,) = summary.data["rows"]
    return row["shift"]["delta"]


def test_report_is_compared_with_another_commit(workspace):
    layout, board = workspace
    summary = earlier.compare(board, layout, "HEAD")
    assert delta_of(summary) > 0.05
    assert "mobilenet rose by" in summary.headline


def test_report_is_compared_with_a_workspace_and_with_its_reports_folder(workspace):
    layout, board = workspace
    assert delta_of(earlier.compare(board, layout, str(layout.root))) == 0
    assert delta_of(earlier.compare(board, layout, str(layout.reports))) == 0


@pytest.mark.parametrize("other", ["no-such-commit", "-x", "HEAD~9"])
def test_an_unknown_revision_is_one_clear_error(workspace, other):
    layout, board = workspace
    with pytest.raises(InputError, match=r"cannot be read") as raised:
        earlier.compare(board, layout, other)
    assert other in raised.value.where


def test_a_folder_without_a_report_and_one_that_is_no_json_are_errors(workspace, tmp_path):
    layout, board = workspace
    folder = tmp_path / "other"
    folder.mkdir()
    with pytest.raises(InputError, match=r"no report\.json"):
        earlier.compare(board, layout, str(folder))
    (folder / "report.json").write_text("{")
    with pytest.raises(InputError, match="no JSON"):
        earlier.compare(board, layout, str(folder))


@pytest.mark.parametrize("ask", [earlier.check, earlier.keep])
def test_before_any_report_the_error_says_what_to_run(layout, ask):
    with pytest.raises(InputError, match="no report yet"):
        ask(layout)


def test_keeping_twice_gives_the_same_bytes(workspace):
    layout, _ = workspace
    earlier.keep(layout)
    first = layout.previous_report.read_bytes()
    earlier.keep(layout)
    assert layout.previous_report.read_bytes() == first
    assert json.loads(first)["rows"][0]["backbone"] == "mobilenet"
