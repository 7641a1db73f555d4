"""`python -m flows`: the unattended door. Errors and exit codes are those of `wreck`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from flows.environment import prepare
from wreck_core.cli import Commands, workspace
from wreck_core.cli.common import AsJson, end, load
from wreck_core.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.tasks import StageRun
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
    int | None, typer.Option(min=1, help="Trainings at once. Default: nightly.jobs of params.yaml.")
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
    settings, layout = _open()
    from flows import experiment as module
    from flows.server import reachable

    flow = module.with_jobs(jobs or settings.nightly.jobs, dask)
    try:
        with reachable(layout):
            runs = flow(str(layout.root))
    except module.StagesFailedError as error:
        end(_told(error.runs, error.what), as_json)
    else:
        end(_told(runs), as_json)


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
    from flows.experiment import StagesFailedError
    from flows.nightly import nightly as flow
    from flows.server import reachable

    try:
        with reachable(layout):
            runs = flow(str(layout.root), jobs, tuple(url_map or ()), allow_private, dask)
    except StagesFailedError as error:
        end(_told(error.runs, error.what), as_json)
    else:
        end(_told(runs), as_json)


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


def _told(runs: "Sequence[StageRun]", fault: str = "") -> Summary:
    outcomes = {run.stage: run.outcome for run in runs}
    ran = sum(outcome in ("ran", "restored") for outcome in outcomes.values())
    skipped = sum(outcome == "skipped" for outcome in outcomes.values())
    return Summary(
        headline=f"failed: {fault}" if fault else f"{ran} stages ran, {skipped} had nothing to do",
        ok=not fault,
        data={"stages": outcomes, "runs": [asdict(run) for run in runs]},
    )


if __name__ == "__main__":
    app()
