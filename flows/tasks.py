"""One DVC stage as one Prefect task. DVC decides whether it runs; Prefect only when."""

import time
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from flows import runners
from flows.outcomes import BLOCKED, FAILED, SKIPPED, StageRun
from wreck_core import clock, devices, provenance, repro
from wreck_core.errors import BusyError, WreckError
from wreck_core.layout import Layout

BUSY_POLL_S = 2.0


def bring_up_to_date(layout: Layout, stage: str, logs: Path, timeout_s: float) -> StageRun:
    """Let DVC run `stage` if it must; once more when its inputs moved while it ran.

    DVC records inputs after the command, so after an edit in between its lock calls a stale result
    fresh (treeverse/dvc#11058); the fingerprint that the stage took at its start tells.
    Raises WreckError with the stage's last words, also when it is at work for longer than `timeout_s`.
    """
    began = time.monotonic()
    log = log_of(logs, stage)
    none: AbstractContextManager[dict[str, str]] = nullcontext({})
    with devices.one(layout.locks) if stage.startswith("train@") else none as device:
        run = partial(repro.run_stage, layout.root, stage, log, timeout_s=timeout_s, environment=device)
        outcome = run()
        moved = provenance.moved(layout, stage)
        if moved:
            outcome = run(force=True)
    seconds = round(time.monotonic() - began, 2)
    return StageRun(stage, outcome, seconds, moved=tuple(moved))


@task(task_run_name="{stage}", cache_policy=NO_CACHE)
def run_stage(root: Path, stage: str, logs: Path, stale: bool, timeout_s: float) -> State[StageRun]:
    """Bring one stage up to date; the state is called Skipped when there was nothing to do."""
    run = _unless_busy(Layout(root), stage, logs, timeout_s) if stale else StageRun(stage, SKIPPED)
    if run.outcome == SKIPPED:
        return Completed(name="Skipped", message="nothing to do", data=run)
    return Completed(name="Completed", message=f"{run.outcome}; see {log_of(logs, stage)}", data=run)


def _unless_busy(layout: Layout, stage: str, logs: Path, timeout_s: float) -> StageRun:
    """Wait while another process works on the stage: one that outlived a killed worker or flow, say.

    Raises BusyError when that takes longer than a stage may.
    """
    until = time.monotonic() + timeout_s
    while True:
        try:
            return bring_up_to_date(layout, stage, logs, timeout_s)
        except BusyError:
            if time.monotonic() > until:
                raise
            time.sleep(BUSY_POLL_S)


def outcome_of(stage: str, future: Any) -> StageRun:
    """Wait for the task of `stage` and say what became of it; never raises for a failed stage."""
    try:
        runners.wait(future)
    except WreckError as error:
        outcome = BLOCKED if isinstance(error, runners.BlockedError) else FAILED
        return StageRun(stage, outcome, reason=error.what)
    if future.state.is_completed():
        run: StageRun = future.result()
        return run
    if future.state.is_pending():  # Prefect's word for a task whose upstream failed
        return StageRun(stage, BLOCKED, reason="a stage before it failed")
    fault = future.result(raise_on_failure=False)
    return StageRun(stage, FAILED, reason=fault.what if isinstance(fault, WreckError) else str(fault))


def run_name() -> str:
    """Name a run of a flow by what it is and when it begins, for Prefect's page and for messages."""
    return time.strftime(f"{flow_run.get_flow_name()} %Y-%m-%d %H:%M UTC", time.gmtime())


def log_of(logs: Path, stage: str) -> Path:
    """Name the file with all that a stage said."""
    return logs / f"{stage.replace('@', '-')}.log"


def log_folder(layout: Layout, flow_name: str) -> Path:
    """Give the folder for the logs of one flow run, named by its start."""
    return layout.logs / f"{clock.stamp()}-{flow_name}"
