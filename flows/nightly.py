"""The night: refresh the dataset, train what is stale, one commit."""

from pathlib import Path

from prefect import flow

from flows import experiment as experiments
from flows import notices
from flows import refresh as refreshing
from flows.publishing import commit
from flows.tasks import StageRun
from wreck_core import files, params
from wreck_core.errors import WreckError
from wreck_core.layout import Layout
from wreck_core.stages import backup


@flow(name="nightly")
def nightly(
    workspace: str = ".",
    jobs: int | None = None,
    url_map: tuple[str, ...] = (),
    allow_private: bool = False,
    dask: str | None = None,
) -> tuple[StageRun, ...]:
    """Back up, refresh, then experiment with `jobs` trainings at once (None: nightly.jobs of params.yaml).

    With `dask`, a scheduler's address, chunks and stages run on its workers instead.
    A refresh that fails (no network, say) does not keep changed labels or params from being
    trained on, but the night then fails. Raises BusyError when another night still runs.
    """
    layout = Layout(Path(workspace).resolve())
    settings = params.load(layout.params)
    with files.locked(layout.locks, "nightly"):
        lines, faults = [], []
        try:
            backup.run(settings, layout)
        except WreckError as error:  # a damaged database does not keep the rest from being done
            faults.append(error)
        try:
            done = refreshing.on(dask)(str(layout.root), url_map, allow_private, publish=False)
            lines += [summary.headline for summary in done]
        except WreckError as error:
            faults.append(error)
        try:
            runs = experiments.with_jobs(jobs or settings.nightly.jobs, dask)(str(layout.root))
        except experiments.StagesFailedError as error:
            faults.append(error)
            runs = error.runs
        lines += notices.board_lines(layout)
        commit(settings, layout, "Nightly", [*lines, *(f"failed: {error.what}" for error in faults)])
        notices.tell(layout, lines, faults)
    if faults:
        raise faults[-1]
    return tuple(runs)
