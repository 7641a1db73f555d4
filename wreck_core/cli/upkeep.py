"""The commands that look after a workspace."""

from pathlib import Path
from typing import Annotated

import typer

from wreck_core.cli import app
from wreck_core.cli.common import AsJson, end, load

UPKEEP = "Upkeep"


@app.command(rich_help_panel=UPKEEP)
def status(as_json: AsJson = False) -> None:
    """Show where the workspace stands: hosts, queue, dataset, models."""
    from wreck_core import console
    from wreck_core.stages import status as stage

    summary = stage.run(*load())
    if not as_json:
        console.show_hosts(summary.data["hosts"])
    end(summary, as_json)


@app.command(rich_help_panel=UPKEEP)
def snapshot(as_json: AsJson = False) -> None:
    """Version the pictures and the label log with DVC."""
    from wreck_core.stages import snapshot as stage

    end(stage.run(*load()), as_json)


@app.command(rich_help_panel=UPKEEP)
def backup(as_json: AsJson = False) -> None:
    """Copy the ledger and the label store to .wreck/backups/; every night does, and keeps seven."""
    from wreck_core.stages import backup as stage

    end(stage.run(*load()), as_json)


@app.command(rich_help_panel=UPKEEP)
def restore(
    name: Annotated[str, typer.Argument(metavar="ledger|labels", help="The database that is lost.")],
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A backup; the newest by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup back; labels that were given since are taken from what can still be read."""
    from wreck_core.stages import backup as stage

    params, layout = load()
    end(stage.restore(params, layout, name, source), as_json)


@app.command(rich_help_panel=UPKEEP)
def doctor(as_json: AsJson = False) -> None:
    """Check this machine and workspace, with a fix for everything that is wrong."""
    from flows import proof
    from wreck_core.stages import doctor as stage

    params, layout = load()
    end(stage.run(params, layout, [proof.of_schedule(layout)]), as_json)


@app.command(rich_help_panel=UPKEEP)
def verify(as_json: AsJson = False) -> None:
    """Hold pictures, folds, cache and models against their hashes; exit 1 on a fault."""
    from wreck_core.stages import verify as stage

    end(stage.run(*load()), as_json)


@app.command(rich_help_panel=UPKEEP)
def prune(
    days: Annotated[int, typer.Option(min=1, help="How long logs are kept.")] = 30, as_json: AsJson = False
) -> None:
    """Delete old logs, stray temporary files, and what trainings kept and none uses any more."""
    from wreck_core.stages import prune as stage

    end(stage.run(*load(), days), as_json)


@app.command(rich_help_panel=UPKEEP)
def takedown(
    target: Annotated[str, typer.Argument(metavar="URL|SHA|HOST", help="What must go.")],
    reason: Annotated[str, typer.Option(help="Kept in data/takedown.csv.")] = "",
    as_json: AsJson = False,
) -> None:
    """Remove a picture, a URL's pictures or a host's from everything, and never fetch them again."""
    from wreck_core.stages import takedown as stage

    params, layout = load()
    end(stage.run(params, layout, target, reason), as_json)
