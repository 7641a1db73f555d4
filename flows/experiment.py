"""Train what is stale and rank it: DVC's own graph, one Prefect task per stage."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from prefect import flow
from rich.text import Text

from flows import artifacts, runners
from flows.due import look
from flows.outcomes import BOARD, StageRun, judged
from flows.tasks import log_folder, outcome_of, run_name, run_stage
from wreck_core import capacity, console, params
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import earlier

# The board is made from the backbones that could be trained, and shows the others as failed.
MAY_FAIL = "train"

Submit = Callable[[str, Sequence[Any]], Any]


@flow(name="experiment", flow_run_name=run_name, task_runner=runners.at_once(1))
def experiment(workspace: str = ".") -> tuple[StageRun, ...]:
    """Bring every stage of dvc.yaml up to date; trainings run beside each other, one process each.

    Raises InputError before anything was scraped, ExperimentFailedError once all that can run has: a stage
    failed, or a gate of the board does not hold.
    """
    layout = Layout(Path(workspace).resolve())
    settings = params.load(layout.params)
    due = look(settings, layout)
    if BOARD in due.todo and layout.report_json.exists():
        earlier.keep(layout)  # the board that people know, before anything replaces it
    logs = log_folder(layout, "experiment")
    patient = run_stage.with_options(
        retries=settings.nightly.retries, retry_delay_seconds=settings.nightly.retry_wait_s
    )

    def submit(stage: str, upstream: Sequence[Any]) -> Any:
        given = (layout.root, stage, logs, stage in due.todo, settings.nightly.stage_timeout_s)
        return patient.submit(*given, return_state=False, wait_for=upstream)

    progress = artifacts.Progress(len(due.graph))

    def ended(run: StageRun) -> None:
        _show(run)
        progress.one_more()

    runs = walk(due.graph, submit, ended)
    artifacts.publish_stages(runs, logs)
    artifacts.publish_leaderboard(layout)
    return judged(layout, runs)


def with_jobs(jobs: int | None, dask: str | None, settings: Params, layout: Layout) -> Any:
    """Give the experiment flow with `jobs` stages at once, or on the workers of the scheduler at `dask`.

    Without either it is as many as fit this machine. Raises UsageError or WreckError when the cluster
    cannot be used.
    """
    if dask:
        runners.workers(dask)
    at_once = 1 if dask else jobs or capacity.trainings(settings, layout)
    return experiment.with_options(task_runner=runners.on(dask, at_once))


def walk(
    graph: Mapping[str, Sequence[str]], submit: Submit, ended: Callable[[StageRun], None]
) -> list[StageRun]:
    """Submit every stage after those it depends on, and wait for all; `graph` is in running order.

    `ended` is told what became of each, in that order.

    The soft stage starts when all before it have ended, though trainings among them failed.
    """
    futures: dict[str, Any] = {}
    runs = []

    def wait(stage: str, future: Any) -> None:
        runs.append(outcome_of(stage, future))
        ended(runs[-1])

    for stage, upstream in graph.items():
        if stage != BOARD:
            futures[stage] = submit(stage, [futures[name] for name in upstream])
    for stage, future in futures.items():
        wait(stage, future)
    if BOARD in graph:
        hard = [futures[name] for name in graph[BOARD] if not name.startswith(f"{MAY_FAIL}@")]
        wait(BOARD, submit(BOARD, hard))
    return runs


def _show(run: StageRun) -> None:
    """Tell the person who watches, in one line on stderr."""
    took = f"{run.seconds:8.1f} s" if run.seconds else ""
    again = f"ran again: {', '.join(run.moved)} moved meanwhile" if run.moved else ""
    console.err.print(
        Text(f"{run.stage:<28} {run.outcome:<9}{took}  {console.harmless(run.reason or again)}".rstrip())
    )
