"""The commands that say how good the labels are."""

from typing import Annotated, Any

import typer

from wreck_core.cli.common import AsJson, end, load
from wreck_core.cli.people import labels

SUSPECT_LINES = 20
HASH_WIDE = 12  # `labels history` takes the beginning of a sha256 too


@labels.command()
def agree(as_json: AsJson = False) -> None:
    """Say how far annotators agree beyond chance, all together and by pair."""
    from wreck_core import console
    from wreck_core.stages import quality as stage

    summary = stage.agree(*load())
    if not as_json:
        console.show_table(stage.as_rows(summary.data["agreement"]))
    end(summary, as_json)


@labels.command()
def stats(as_json: AsJson = False) -> None:
    """Show each annotator: labels, seconds a picture, agreement with the others, known answers."""
    from wreck_core import console
    from wreck_core.stages import quality as stage

    summary = stage.stats(*load())
    if not as_json:
        console.show_table(summary.data["annotators"])
    end(summary, as_json)


@labels.command()
def history(
    picture: Annotated[
        str, typer.Argument(metavar="SHA|URL", help="A picture; the beginning of its sha256 is enough.")
    ],
    as_json: AsJson = False,
) -> None:
    """Tell all that was ever said of a picture."""
    from wreck_core import console
    from wreck_core.stages import quality as stage

    _, layout = load()
    summary = stage.history(layout, picture)
    if not as_json:
        events = summary.data["events"]
        rows = [{name: event[name] for name in stage.HISTORY} for event in events]
        console.show_table([row | {"standing": "yes" if row["standing"] else "no"} for row in rows])
    end(summary, as_json)


@labels.command()
def suspects(
    enqueue: Annotated[bool, typer.Option("--enqueue", help="Queue them, to be settled.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the labels that the best model finds least likely."""
    from wreck_core import console
    from wreck_core.stages import suspects as stage

    summary = stage.run(*load(), enqueue=enqueue)
    if not as_json:
        console.show_table(list(map(_shown, summary.data["suspects"])), at_most=SUSPECT_LINES)
    end(summary, as_json)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"sha256": row["sha256"][:HASH_WIDE], "p_label": f"{row['p_label']:.3f}"}
