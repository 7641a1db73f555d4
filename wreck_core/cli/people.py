"""The commands through which people give labels."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from wreck_core.cli import app
from wreck_core.cli.common import AsJson, end, load

PEOPLE = "Labels"

labels = typer.Typer(no_args_is_help=True, help="Labels in and out.")
app.add_typer(labels, name="labels", rich_help_panel=PEOPLE)


@app.command(rich_help_panel=PEOPLE)
def label(
    annotator: Annotated[
        str, typer.Option("--as", metavar="NAME", help="Your name; the login name by default.")
    ] = "",
    round_name: Annotated[
        str, typer.Option("--round", metavar="NAME", help="`adjudicate` settles labels that contradict.")
    ] = "primary",
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Only open the window, paint it, and close it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Label pictures in a window, one key each."""
    from wreck_core.stages import label as stage
    from wreck_core.stages import snapshot

    params, layout = load()
    if self_test:
        end(stage.self_test(params), as_json)
        return
    summary = stage.run(params, layout, annotator or getpass.getuser(), round_name)
    snapshot.run(params, layout)
    end(summary, as_json)


@labels.command("import")
def import_(
    source: Annotated[
        Path, typer.Argument(metavar="LIST", help="A list with a label column, and url or sha256.")
    ],
    as_json: AsJson = False,
) -> None:
    """Take in the labels of a list. The list becomes their annotator."""
    from wreck_core.stages import labels as stage
    from wreck_core.stages import snapshot

    params, layout = load()
    summary = stage.import_labels(params, layout, source)
    snapshot.run(params, layout)
    end(summary, as_json)


@labels.command()
def export(as_json: AsJson = False) -> None:
    """Write data/labels.csv and data/label_events.jsonl from the label store."""
    from wreck_core.stages import labels as stage

    end(stage.export_labels(*load()), as_json)
