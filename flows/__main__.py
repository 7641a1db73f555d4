"""`python -m flows`: the unattended door. Errors and exit codes are those of `wreck`."""

from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from flows.environment import prepare
from wreck_core.cli import Commands, workspace
from wreck_core.cli.common import AsJson, end, load
from wreck_core.summary import Summary, count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.outcomes import StageRun
    from wreck_core.layout import Layout
    from wreck_core.params import Params

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The pipeline under Prefect: on a schedule, trainings beside each other, states and artifacts kept.",
)
app.callback()(workspace)

UrlMap = Annotated[
    list[str] | None, typer.Option("--map", metavar="FROM=TO", help="Read a URL prefix from your own mirror.")
]
AllowPrivate = Annotated[
    bool, typer.Option("--allow-private", help="Allow private addresses: your own network only.")
]
Jobs = Annotated[
    int | None, typer.Option(min=1, help="Trainings at once. Default: nightly.jobs, else as many as fit.")
]
Dask = Annotated[
    str | None,
    typer.Option(metavar="tcp://HOST:PORT", help="A scheduler whose workers share this folder: work there."),
]


def _open() -> tuple["Params", "Layout"]:
    settings, layout = load()
    prepare(layout)
    return settings, layout


@app.command()
def refresh(
    url_map: UrlMap = None, allow_private: AllowPrivate = False, dask: Dask = None, as_json: AsJson = False
) -> None:
    """Scrape every list under data/urls/, find duplicates, queue, version, commit."""
    _, layout = _open()
    from flows.refresh import on
    from flows.server import reachable

    flow = on(dask)
    with reachable(layout):
        done = flow(str(layout.root), tuple(url_map or ()), allow_private)
    end(
        Summary(
            headline=done[0].headline,
            rows=tuple(row for summary in done for row in summary.rows),
            notes=tuple(note for summary in done for note in summary.notes),
        ),
        as_json,
    )


@app.command()
def experiment(jobs: Jobs = None, dask: Dask = None, as_json: AsJson = False) -> None:
    """Train every backbone that is stale, and rank them all."""
    settings, layout = load()
    from flows.due import look
    from flows.outcomes import judged

    due = look(settings, layout)
    if not due.todo:  # Prefect alone would take longer than all of this
        with _ending(as_json) as ended:
            ended.runs, ended.headline = judged(layout, due.skipped()), due.waiting
        return
    prepare(layout)
    from flows import experiment as module
    from flows.server import reachable

    with _ending(as_json) as ended, reachable(layout):
        ended.runs = module.with_jobs(jobs, dask, settings, layout)(str(layout.root))


@app.command()
def nightly(
    jobs: Jobs = None,
    url_map: UrlMap = None,
    allow_private: AllowPrivate = False,
    dask: Dask = None,
    as_json: AsJson = False,
) -> None:
    """Refresh, then experiment, then one commit."""
    _, layout = _open()
    from flows.nightly import nightly as flow
    from flows.server import reachable

    with _ending(as_json) as ended, reachable(layout):
        ended.runs = flow(str(layout.root), jobs, tuple(url_map or ()), allow_private, dask)


@app.command()
def serve(
    cron: Annotated[str, typer.Option(help="When, as five cron fields, in UTC.")] = "0 2 * * *",
    port: Annotated[int, typer.Option(help="Of Prefect's page and API, on loopback.")] = 4200,
    jobs: Jobs = None,
    url_map: UrlMap = None,
    dask: Dask = None,
) -> None:
    """Stay, and run the nightly on a schedule."""
    _, layout = _open()
    from flows.serve import serve as run

    given = {"jobs": jobs, "url_map": list(url_map or ()), "dask": dask}
    run(layout, cron, port=port, parameters=given)


@dataclass
class _Ended:
    runs: "tuple[StageRun, ...]" = ()
    headline: str = ""


@contextmanager
def _ending(as_json: bool) -> "Iterator[_Ended]":
    """Show what became of the stages at the end of the block, also when some failed or a gate did."""
    from flows.outcomes import ExperimentFailedError

    ended, fault = _Ended(), ""
    try:
        yield ended
    except ExperimentFailedError as error:
        ended.runs, fault = error.runs, error.what
    outcomes = {run.stage: run.outcome for run in ended.runs}
    ran = sum(outcome in ("ran", "restored") for outcome in outcomes.values())
    skipped = sum(outcome == "skipped" for outcome in outcomes.values())
    good = (
        f"{count(ran, 'stage')} ran, {skipped} had nothing to do"
        if ran
        else "nothing to do: all is up to date"
    )
    summary = Summary(
        headline=f"failed: {fault}" if fault else ended.headline or good,
        ok=not fault,
        data={"stages": outcomes, "runs": [asdict(run) for run in ended.runs]},
    )
    end(summary, as_json)


if __name__ == "__main__":
    app()
