"""Train what is stale and rank it: DVC's own graph, one Prefect task per stage."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from prefect import flow
from rich.text import Text

from flows import artifacts, runners
from flows.tasks import StageRun, log_folder, outcome_of, run_stage
from wreck_core import console, dvcio, params
from wreck_core.errors import WreckError
from wreck_core.layout import Layout
from wreck_core.stages import earlier, snapshot

# The board is made from the backbones that could be trained, and shows the others as failed.
SOFT_STAGE, MAY_FAIL = "report", "train"

Submit = Callable[[str, Sequence[Any]], Any]


class StagesFailedError(WreckError):
    """Some stages failed, the others are done; `runs` has what became of each."""

    def __init__(self, runs: Sequence[StageRun]) -> None:
        self.runs = tuple(runs)
        failed = [run for run in runs if run.outcome == "failed"]
        first = f"{failed[0].stage}: {failed[0].reason.splitlines()[0]}"
        names = ", ".join(run.stage for run in failed)
        super().__init__(first if len(failed) == 1 else f"{len(failed)} stages failed: {names}")


@flow(name="experiment", task_runner=runners.at_once(1))
def experiment(workspace: str = ".") -> tuple[StageRun, ...]:
    """Bring every stage of dvc.yaml up to date; trainings run beside each other, one process each.

    Raises InputError before anything was scraped, and StagesFailedError once all that can run has.
    """
    layout = Layout(Path(workspace).resolve())
    settings = params.load(layout.params)
    layout.require_pictures()
    changed = dvcio.stale(layout.root)
    if changed.data:
        snapshot.run(settings, layout)
        changed = dvcio.stale(layout.root)
    graph = dvcio.stage_graph(layout.root)
    todo = dvcio.downstream(graph, changed.stages)
    if SOFT_STAGE in todo and (layout.reports / "report.json").exists():
        earlier.keep(layout)  # the board that people know, before anything replaces it
    logs = log_folder(layout, "experiment")

    def submit(stage: str, upstream: Sequence[Any]) -> Any:
        return run_stage.submit(
            layout.root, stage, logs, stage in todo, return_state=False, wait_for=upstream
        )

    runs = walk(graph, submit)
    artifacts.publish_leaderboard(layout)
    if not all(run.ok for run in runs):
        raise StagesFailedError(runs)
    return tuple(runs)


def with_jobs(jobs: int, dask: str | None = None) -> Any:
    """Give the experiment flow with `jobs` stages at once, or on the workers of the scheduler at `dask`.

    Raises UsageError or WreckError when the cluster cannot be used.
    """
    if dask:
        runners.workers(dask)
    return experiment.with_options(task_runner=runners.on(dask, jobs))


def walk(graph: Mapping[str, Sequence[str]], submit: Submit) -> list[StageRun]:
    """Submit every stage after those it depends on, and wait for all; `graph` is in running order.

    The soft stage starts when all before it have ended, though trainings among them failed.
    """
    futures: dict[str, Any] = {}
    for stage, upstream in graph.items():
        if stage != SOFT_STAGE:
            futures[stage] = submit(stage, [futures[name] for name in upstream])
    runs = [_shown(outcome_of(stage, future)) for stage, future in futures.items()]
    if SOFT_STAGE in graph:
        hard = [futures[name] for name in graph[SOFT_STAGE] if not name.startswith(f"{MAY_FAIL}@")]
        runs.append(_shown(outcome_of(SOFT_STAGE, submit(SOFT_STAGE, hard))))
    return runs


def _shown(run: StageRun) -> StageRun:
    """Tell the person who watches, in one line on stderr."""
    took = f"{run.seconds:8.1f} s" if run.seconds else ""
    again = f"ran again: {', '.join(run.moved)} moved meanwhile" if run.moved else ""
    console.err.print(
        Text(f"{run.stage:<28} {run.outcome:<9}{took}  {console.harmless(run.reason or again)}".rstrip())
    )
    return run
