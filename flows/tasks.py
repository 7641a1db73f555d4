"""One DVC stage as one Prefect task. DVC decides whether it runs; Prefect only when."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows import runners
from wreck_core import dvcio, provenance
from wreck_core.errors import BusyError, WreckError
from wreck_core.layout import Layout

SKIPPED = "skipped"
BUSY_POLL_S = 2.0
STAMP = "%Y-%m-%dT%H-%M-%S"


@dataclass(frozen=True)
class StageRun:
    """What became of one stage: ran, restored (from DVC's cache), skipped, failed or blocked.

    `moved` names the inputs (params, data, code) that changed while it ran, so that it ran again.
    """

    stage: str
    outcome: str
    seconds: float = 0.0
    reason: str = ""
    moved: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the stage is up to date now."""
        return self.outcome not in ("failed", "blocked")


def bring_up_to_date(layout: Layout, stage: str, logs: Path) -> StageRun:
    """Let DVC run `stage` if it must; once more when its inputs moved while it ran.

    DVC records inputs after the command, so after an edit in between its lock calls a stale result
    fresh (treeverse/dvc#11058); the fingerprint that the stage took at its start tells.
    Raises WreckError with the stage's last words.
    """
    began = time.monotonic()
    log = logs / f"{stage.replace('@', '-')}.log"
    outcome = dvcio.repro_stage(layout.root, stage, log)
    moved = provenance.moved(layout, stage)
    if moved:
        outcome = dvcio.repro_stage(layout.root, stage, log.with_suffix(".again.log"), force=True)
    return StageRun(stage, outcome, round(time.monotonic() - began, 2), moved=tuple(moved))


@task(task_run_name="{stage}", cache_policy=NO_CACHE)
def run_stage(root: Path, stage: str, logs: Path, stale: bool) -> State[StageRun]:
    """Bring one stage up to date; the state is called Skipped when there was nothing to do."""
    run = _unless_busy(Layout(root), stage, logs) if stale else StageRun(stage, SKIPPED)
    name = "Skipped" if run.outcome == SKIPPED else "Completed"
    return Completed(name=name, message=run.outcome, data=run)


def _unless_busy(layout: Layout, stage: str, logs: Path) -> StageRun:
    """Wait while another process works on the stage: one that outlived a killed worker or flow, say."""
    while True:
        try:
            return bring_up_to_date(layout, stage, logs)
        except BusyError:
            time.sleep(BUSY_POLL_S)


def outcome_of(stage: str, future: Any) -> StageRun:
    """Wait for the task of `stage` and say what became of it; never raises for a failed stage."""
    try:
        runners.wait(future)
    except WreckError as error:
        outcome = "blocked" if isinstance(error, runners.BlockedError) else "failed"
        return StageRun(stage, outcome, reason=error.what)
    if future.state.is_completed():
        run: StageRun = future.result()
        return run
    if future.state.is_pending():  # Prefect's word for a task whose upstream failed
        return StageRun(stage, "blocked", reason="a stage before it failed")
    fault = future.result(raise_on_failure=False)
    return StageRun(stage, "failed", reason=fault.what if isinstance(fault, WreckError) else str(fault))


def log_folder(layout: Layout, flow_name: str) -> Path:
    """Give the folder for the logs of one flow run, named by its start."""
    return layout.logs / f"{time.strftime(STAMP)}-{flow_name}"
