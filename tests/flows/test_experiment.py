from typing import Any

import pytest
import tiny

from flows.experiment import with_jobs
from flows.outcomes import ExperimentFailedError
from flows.tasks import run_stage
from wreck_core import params
from wreck_core.errors import InputError
from wreck_core.layout import Layout

pytestmark = pytest.mark.usefixtures("prefect_server")


def trained(layout: Layout, jobs: int | None) -> Any:
    return with_jobs(jobs, None, params.load(layout.params), layout)(str(layout.root))


def outcomes(layout: Layout, jobs: int | None = None) -> dict[str, str]:
    try:
        runs = trained(layout, jobs)
    except ExperimentFailedError as error:
        runs = error.runs
    return {run.stage: run.outcome for run in runs}


def test_the_two_doors_agree(workspace: Layout) -> None:
    first = outcomes(workspace)
    assert set(first.values()) == {"ran"}
    assert sorted(tiny.ran(workspace)) == sorted(first)
    assert tiny.status(workspace) == {}
    assert "Running stage" not in tiny.repro(workspace).stdout

    tiny.edit_params(workspace, {"backbones": {"alpha": {"weights": "none"}, "gamma": {"weights": "none"}}})
    assert tiny.repro(workspace).returncode == 0
    assert tiny.ran(workspace) == ["train@gamma", "report"]
    again = outcomes(workspace)
    assert list(again) == ["dedup", "dataset", "train@alpha", "train@gamma", "report"]
    assert set(again.values()) == {"skipped"}
    assert tiny.ran(workspace) == []


def test_a_failed_backbone_stops_neither_the_others_nor_the_report(workspace: Layout) -> None:
    tiny.edit_params(workspace, {"backbones": {"alpha": {"weights": "missing"}, "beta": {"weights": "none"}}})
    with pytest.raises(ExperimentFailedError) as caught:
        trained(workspace, 1)
    assert caught.value.what == "train@alpha: the weights of this backbone cannot be had"
    assert {run.stage: run.outcome for run in caught.value.runs} == {
        "dedup": "ran",
        "dataset": "ran",
        "train@alpha": "failed",
        "train@beta": "ran",
        "report": "ran",
    }
    assert set(tiny.status(workspace)) == {"train@alpha"}


def test_data_that_is_tracked_is_versioned_before_the_walk(workspace: Layout) -> None:
    from wreck_core import dvcio

    dvcio.snapshot(workspace.root, [workspace.images, workspace.candidates])
    outcomes(workspace)
    tiny.ran(workspace)
    (workspace.images / "ab" / "new.jpg").write_text("a new picture")
    assert set(outcomes(workspace).values()) == {"skipped"}  # no stage reads pictures that nobody labelled
    assert tiny.status(workspace) == {}


def test_before_any_pictures_the_flow_says_what_comes_first(workspace: Layout) -> None:
    workspace.candidates.unlink()
    with pytest.raises(InputError, match="wreck scrape LIST"):
        trained(workspace, 1)


def test_a_stage_with_nothing_to_do_ends_in_a_state_called_skipped(workspace: Layout) -> None:
    state = run_stage.fn(workspace.root, "dedup", workspace.logs, stale=False, timeout_s=99)
    assert (state.name, state.type.value) == ("Skipped", "COMPLETED")
    assert tiny.ran(workspace) == []
