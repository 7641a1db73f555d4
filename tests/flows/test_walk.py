"""The order of the walk, without Prefect: any submit function will do."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tiny

from flows.experiment import walk
from flows.outcomes import StageRun
from flows.tasks import bring_up_to_date
from wreck_core.layout import Layout

GRAPH = {
    "dedup": [],
    "dataset": ["dedup"],
    "train@a": ["dataset"],
    "train@b": ["dataset"],
    "report": ["dataset", "train@a", "train@b"],
}


@dataclass
class Future:
    """What a runner gives back for a stage: done at once, completed unless told to fail."""

    stage: str
    upstream: list["Future"]
    failing: frozenset[str] = frozenset()
    wrapped_future: None = None
    state: Any = field(init=False)

    def __post_init__(self) -> None:
        blocked = any(not up.state.is_completed() for up in self.upstream)
        completed = not blocked and self.stage not in self.failing
        self.state = SimpleNamespace(is_completed=lambda: completed, is_pending=lambda: blocked)

    def wait(self) -> None:
        return None

    def result(self, raise_on_failure: bool = True) -> Any:
        return StageRun(self.stage, "ran") if self.state.is_completed() else ValueError("broken")


def outcomes(*failing: str) -> dict[str, str]:
    told: list[StageRun] = []
    runs = walk(GRAPH, lambda stage, upstream: Future(stage, list(upstream), frozenset(failing)), told.append)
    assert told == runs
    return {run.stage: run.outcome for run in runs}


def test_every_stage_runs_in_order() -> None:
    assert list(outcomes().items()) == [(stage, "ran") for stage in GRAPH]


def test_a_failed_training_does_not_keep_the_report_from_the_survivors() -> None:
    assert outcomes("train@a") == {
        "dedup": "ran",
        "dataset": "ran",
        "train@a": "failed",
        "train@b": "ran",
        "report": "ran",
    }


def test_what_depends_on_a_failed_dataset_does_not_run() -> None:
    assert outcomes("dataset") == {
        "dedup": "ran",
        "dataset": "failed",
        "train@a": "blocked",
        "train@b": "blocked",
        "report": "blocked",
    }


@pytest.mark.parametrize(
    ("stage", "name", "part"),
    [
        ("dataset", "params.yaml", "params"),
        ("dedup", "data/labels.csv", "data"),
        ("dataset", "scripts/work.py", "code"),
    ],
)
def test_a_stage_whose_inputs_moved_while_it_ran_runs_once_more(
    workspace: Layout, tmp_path: Path, stage: str, name: str, part: str
) -> None:
    logs = tmp_path / "logs"
    if stage == "dataset":
        assert bring_up_to_date(workspace, "dedup", logs, 99).outcome == "ran"
        tiny.ran(workspace)
    was = (workspace.root / name).read_text()
    edited = tiny.other_seed(workspace) if part == "params" else f"{was}# edited\n"
    tiny.edit_meanwhile(workspace, stage, name, edited)

    run = bring_up_to_date(workspace, stage, logs, 99)

    assert (run.outcome, run.moved) == ("ran", (part,))
    assert tiny.ran(workspace) == [stage, stage]
    assert bring_up_to_date(workspace, stage, logs, 99).outcome == "skipped"


def test_an_edit_during_a_plain_repro_is_found_by_the_next_flow(workspace: Layout, tmp_path: Path) -> None:
    tiny.edit_meanwhile(workspace, "dataset", "params.yaml", tiny.other_seed(workspace))
    assert tiny.repro(workspace).returncode == 0
    assert tiny.status(workspace) == {}  # DVC's lock was written after the edit, and calls it fresh
    assert bring_up_to_date(workspace, "dataset", tmp_path / "logs", 99).moved == ("params",)


@pytest.mark.parametrize("outcome", ["ran", "restored", "skipped"])
def test_a_stage_that_is_up_to_date_is_ok(outcome: str) -> None:
    assert StageRun("dedup", outcome).ok
    assert not StageRun("dedup", "failed").ok
