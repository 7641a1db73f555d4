"""The commands through which people give labels."""

import getpass
import signal
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from wreck_core.cli import app
from wreck_core.cli.common import AsJson, end, load
from wreck_core.labeling.schema import PRIMARY

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
    ] = PRIMARY,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Only open the window, paint it, and close it.")
    ] = False,
    web: Annotated[
        bool, typer.Option("--web", help="Serve a page instead, for any number of people, until Ctrl-C.")
    ] = False,
    host: Annotated[
        str,
        typer.Option(
            metavar="HOST[:PORT]",
            help="With --web: where; this machine alone and a free port by default, 0.0.0.0 for the network.",
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Label pictures, one key each: in a window, or with --web in a browser."""
    from wreck_core.errors import UsageError
    from wreck_core.stages import label as stage
    from wreck_core.stages import label_page, snapshot

    if host and not web:
        raise UsageError("--host is a part of --web", fix="run wreck label --web")
    params, layout = load()
    if self_test:
        end(stage.self_test(params), as_json)
        return
    if web:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service manager's Ctrl-C
        summary = label_page.run(params, layout, round_name, _address(host), partial(_announce, annotator))
    else:
        summary = stage.run(params, layout, annotator or getpass.getuser(), round_name)
    snapshot.run(params, layout)
    end(summary, as_json)


def _address(told: str) -> tuple[str, int]:
    from wreck_core.errors import UsageError
    from wreck_core.pageserver import LOOPBACK

    host, _, port = told.partition(":")
    if port and not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise UsageError(f"{told} is no HOST:PORT", where="--host", fix="write 127.0.0.1:8123, say")
    return host or LOOPBACK, int(port or 0)


def _announce(annotator: str, told: str) -> None:
    """Print the link, or what goes wrong, where --json does not suffer."""
    if not told.startswith("http://"):
        typer.echo(told, err=True)
        return
    typer.echo(f"open {told}{f'?as={quote(annotator)}' if annotator else ''}", err=True)
    if not told.startswith(("http://127.", "http://localhost:")):
        typer.echo("whoever has this link can label; what goes over the line is not encrypted", err=True)


@labels.command("import")
def import_(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="LIST|DIR|FILE",
            help="A list with a label column, and url or sha256; a folder of folders named by class, whose "
            "new pictures are stored; Label Studio's JSON.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Take in the labels of a list or folder, which becomes their annotator."""
    from wreck_core.stages import labels as stage
    from wreck_core.stages import snapshot

    params, layout = load()
    summary = stage.import_labels(params, layout, source)
    snapshot.run(params, layout)
    end(summary, as_json)


@labels.command()
def export(
    out: Annotated[
        Path | None, typer.Argument(metavar="[OUT]", help="With --to: a new file or folder.")
    ] = None,
    to: Annotated[str, typer.Option(metavar="FORMAT", help="csv, jsonl, label-studio or folders.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write data/labels.csv and data/label_events.jsonl from the label store, or the labels in a format."""
    from wreck_core.errors import UsageError
    from wreck_core.stages import label_export
    from wreck_core.stages import labels as stage

    params, layout = load()
    if (out is None) != (not to):
        raise UsageError(
            "OUT and --to go together", fix="say wreck labels export labels.json --to label-studio"
        )
    summary = label_export.run(params, layout, to, out) if out else stage.export_labels(params, layout)
    end(summary, as_json)
