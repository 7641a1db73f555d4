"""What every command shares: the workspace's params and layout, --json, and how a summary ends."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wreck_core.layout import Layout

if TYPE_CHECKING:
    from wreck_core.params import Params
    from wreck_core.summary import Summary

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]


def load() -> tuple["Params", Layout]:
    """Read the params of the workspace."""
    from wreck_core import params

    layout = Layout(Path(os.environ["WRECK_WORKSPACE"]))
    return params.load(layout.params), layout


def end(summary: "Summary", as_json: bool) -> None:
    """Show a summary; exit 1 when the stage says that it is not ok."""
    from wreck_core import console

    console.show(summary, as_json=as_json)
    if not summary.ok:
        raise typer.Exit(1)
