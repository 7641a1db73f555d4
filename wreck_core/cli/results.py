"""The commands that use what was trained."""

import sys
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from wreck_core.cli import app
from wreck_core.cli.common import AsJson, end, load

RESULTS = "Results"


@app.command(rich_help_panel=RESULTS)
def predict(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH|DIR|URL|-…", help="Pictures, folders of them, URLs; - reads such lines."
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(help="A row of the board, also an ensemble; by default the best of one model."),
    ] = None,
    explain: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Leave heat maps there: what speaks for, what against.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV rows instead of a table.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what a picture shows. A bad picture is a row with its error; then the exit code is 1."""
    from wreck_core import console
    from wreck_core.stages import predict as stage

    params, layout = load()
    # Names of files are bytes, which need not be UTF-8.
    typed = TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="surrogateescape")
    lines = (line for source in sources for line in (typed if source == "-" else [source]))
    names = filter(None, map(str.strip, lines)) if "-" in sources else list(filter(str.strip, sources))
    if as_json:
        end(stage.run(params, layout, names, model, explain=explain), as_json)
        return
    row = console.csv_printer() if as_csv else console.prediction_printer(params.labels.classes)
    summary = stage.run(params, layout, names, model, explain=explain, told=stage.Told(row, console.note))
    if not as_csv:
        end(summary, as_json)
    elif not summary.ok:
        raise typer.Exit(1)


class Format(StrEnum):
    """What other programs read."""

    LITERT = "litert"
    LITERT_INT8 = "litert-int8"
    SAVED_MODEL = "saved_model"
    ONNX = "onnx"


@app.command(rich_help_panel=RESULTS)
def export(
    backbone: Annotated[str, typer.Argument(help="A trained row of params.yaml.")],
    to: Annotated[Format, typer.Option("--to", help="For which runtime.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="PATH", help="Where; in exports/ by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a trained model for another runtime, checked against its golden answers, with a model card."""
    from wreck_core.errors import UsageError
    from wreck_core.stages import export as stage

    if out and not str(out).isprintable():  # it goes into the card
        raise UsageError("cannot be printed", where=str(out), fix="give the file a plainer name with -o")
    end(stage.run(*load(), backbone, to.value, out), as_json)


@app.command(rich_help_panel=RESULTS)
def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where; made anew.")] = Path("demo"),
) -> None:
    """Run the whole job offline on drawn photos, in a fresh clone."""
    from wreck_core.cli.demo import run_demo

    run_demo(folder)
