"""The night: refresh the dataset, train what is stale, one commit, one message."""

from pathlib import Path
from typing import Any

from prefect import flow

from flows import artifacts, lifetime, notices, publishing
from flows import experiment as experiments
from flows import refresh as refreshing
from flows.due import look
from flows.outcomes import BOARD, ExperimentFailedError, StageRun, judged
from flows.tasks import run_name
from wreck_core import files, params
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import backup


def _tell_crash(flow: Any, flow_run: Any, state: Any) -> None:
    notices.tell_interrupted(Layout(Path(flow_run.parameters["workspace"])), [flow_run.name])


@flow(name="nightly", flow_run_name=run_name, on_crashed=[_tell_crash])
def nightly(
    workspace: str = ".",
    jobs: int | None = None,
    url_map: tuple[str, ...] = (),
    allow_private: bool = False,
    dask: str | None = None,
) -> tuple[StageRun, ...]:
    """Back up, refresh, then experiment with `jobs` trainings at once (None: as many as fit this machine).

    With `dask`, a scheduler's address, chunks and stages run on its workers instead.
    A refresh that fails (no network, say) does not keep changed labels or params from being
    trained on, but the night then fails. Raises BusyError when another night still runs.
    """
    lifetime.end_with_service()
    layout = Layout(Path(workspace).resolve())
    settings = params.load(layout.params)
    with files.locked(layout.locks, "nightly"), notices.telling(layout) as night:
        runs: tuple[StageRun, ...] = ()
        with night.going_on():
            backup.run(settings, layout)  # a damaged database does not keep the rest from being done
        with night.going_on():
            done = refreshing.on(dask)(str(layout.root), url_map, allow_private, publish=False)
            night.lines += [summary.headline for summary in done]
        with night.going_on():
            runs = _experiment(settings, layout, night, (jobs, dask))
        with night.going_on():
            changed = publishing.changes(settings, layout)
            night.lines[:0] = changed.lines()
            artifacts.publish_dataset(changed)
            publishing.commit(settings, layout, f"Nightly: {changed.title()}", night.told())
            publishing.push(settings, layout)
    if night.faults:
        raise night.faults[0]
    return runs


def _experiment(
    settings: Params, layout: Layout, night: notices.Night, how: tuple[int | None, str | None]
) -> tuple[StageRun, ...]:
    """Run the experiment unless nothing is due; a board that was made anew is told."""
    due = look(settings, layout)
    if not due.todo:
        night.lines.append(due.waiting or "every stage was up to date")
        return judged(layout, due.skipped())
    runs: tuple[StageRun, ...] = ()
    try:
        runs = experiments.with_jobs(*how, settings, layout)(str(layout.root))
    except ExperimentFailedError as error:
        runs = error.runs
        raise
    finally:
        if any(run.stage == BOARD and run.ok for run in runs):
            night.lines += notices.board_lines(layout)
    return runs
