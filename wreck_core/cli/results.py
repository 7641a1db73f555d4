"""The commands that use what was trained."""

from pathlib import Path
from typing import Annotated

import typer

from wreck_core.cli import app
from wreck_core.cli.common import AsJson, end, load

RESULTS = "Results"


@app.command(rich_help_panel=RESULTS)
def predict(
    sources: Annotated[
        list[str], typer.Argument(metavar="PATH|DIR|URL…", help="Pictures, folders of them, URLs.")
    ],
    model: Annotated[str | None, typer.Option(help="A backbone; the board's leader by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a picture shows. A bad picture is a row with its error; then the exit code is 1."""
    from wreck_core import console
    from wreck_core.stages import predict as stage

    params, layout = load()
    summary = stage.run(params, layout, sources, model)
    if not as_json:
        console.show_predictions(summary.data["rows"], positive=params.labels.positive)
    end(summary, as_json)


@app.command(rich_help_panel=RESULTS)
def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where; made anew.")] = Path("demo"),
) -> None:
    """Run the whole job offline on drawn photos, in a fresh clone."""
    from wreck_core.cli.demo import run_demo

    run_demo(folder)
