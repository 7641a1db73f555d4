"""The commands that look after a workspace."""

from wreck_core.cli import app
from wreck_core.cli.common import AsJson, end, load

UPKEEP = "Upkeep"


@app.command(rich_help_panel=UPKEEP)
def snapshot(as_json: AsJson = False) -> None:
    """Version the pictures and the label log with DVC."""
    from wreck_core.stages import snapshot as stage

    end(stage.run(*load()), as_json)


@app.command(rich_help_panel=UPKEEP)
def doctor(as_json: AsJson = False) -> None:
    """Check this machine and workspace, with a fix for everything that is wrong."""
    from wreck_core.stages import doctor as stage

    end(stage.run(*load()), as_json)
