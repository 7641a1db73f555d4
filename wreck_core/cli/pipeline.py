"""The commands of the pipeline, one per stage."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from wreck_core.cli import app
from wreck_core.cli.common import AsJson, end, load

PIPELINE = "The pipeline"


@app.command(rich_help_panel=PIPELINE)
def scrape(
    lists: Annotated[
        list[Path], typer.Argument(metavar="LIST…", help="URL lists: txt, csv, tsv, jsonl, parquet.")
    ],
    retry: Annotated[
        str,
        typer.Option(
            metavar="CLASS,…",
            help="Fetch again what ended so, such as dns,http_5xx; ok: older pictures, if they have changed.",
        ),
    ] = "",
    max_urls: Annotated[int | None, typer.Option("--max", min=1, help="At most this many URLs.")] = None,
    url_map: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="FROM=TO", help="Read URLs that start with FROM from your own mirror TO."
        ),
    ] = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Allow private addresses: your own network only.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch, verify and store the pictures of URL lists. Run it again to go on where it stopped."""
    from wreck_core import console
    from wreck_core.stages import scrape as stage
    from wreck_core.stages import snapshot

    params, layout = load()
    request = stage.ScrapeRequest(
        lists=tuple(lists),
        retry=frozenset(filter(None, retry.split(","))),
        max_urls=max_urls,
        url_map=tuple(stage.parse_map(text) for text in url_map or ()),
        allow_private=allow_private,
    )
    with console.progress("scrape", quiet=as_json) as progress:
        summary = stage.run(params, layout, request, progress)
    snapshot.run(params, layout)
    end(summary, as_json)


@app.command(rich_help_panel=PIPELINE)
def dedup(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Any folder of pictures.")] = None,
    review: Annotated[
        bool, typer.Option("--review", help="Write reports/duplicates.html, to look at what was found.")
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="With --review: decide in the browser, until Ctrl-C.")
    ] = False,
    annotator: Annotated[
        str, typer.Option("--as", metavar="NAME", help="Who decides; the login name by default.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Find pictures that are the same: by bytes, by pixels, by sight. With DIR, in that folder only."""
    from wreck_core.errors import UsageError
    from wreck_core.stages import dedup as stage
    from wreck_core.stages import review as review_stage

    params, layout = load()
    if folder is not None and review:
        raise UsageError("--review is for the pictures of the workspace", fix="leave DIR away")
    if serve and not review:
        raise UsageError("--serve is a part of --review", fix="run wreck dedup --review --serve")
    if folder is not None:
        end(stage.run_folder(params, folder), as_json)
    elif serve:
        name = annotator or getpass.getuser()
        end(
            review_stage.serve(params, layout, name, lambda url: typer.echo(f"open {url}", err=True)), as_json
        )
    else:
        end((review_stage if review else stage).run(params, layout), as_json)


@app.command(rich_help_panel=PIPELINE)
def enqueue(
    order: Annotated[
        str,
        typer.Option(
            metavar="ORDER",
            help="random, fifo, auto or margin; suspect or disagree: labels that models doubt, to settle.",
        ),
    ] = "",
    round_name: Annotated[
        str,
        typer.Option(
            "--round",
            metavar="NAME",
            help="Labelled pictures once more: second, audit or gold.",
        ),
    ] = "",
    share: Annotated[
        float | None, typer.Option(min=0, max=1, help="With --round: how many of them; as in params.yaml.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Queue pictures for labelling: the unlabelled, and labels that contradict each other."""
    from wreck_core import console
    from wreck_core.errors import UsageError
    from wreck_core.stages import again
    from wreck_core.stages import enqueue as stage

    if share is not None and not round_name:
        raise UsageError("--share is a part of --round", fix="name a round, such as --round second")
    if order and round_name:
        raise UsageError("--order is for new pictures, --round for labelled ones", fix="give one of them")
    params, layout = load()
    if round_name:
        end(again.run(params, layout, round_name, share), as_json)
        return
    with console.progress("enqueue", quiet=as_json) as progress:
        summary = stage.run(params, layout, order, progress)
    end(summary, as_json)


@app.command(rich_help_panel=PIPELINE)
def dataset(as_json: AsJson = False) -> None:
    """Turn labels and clusters into the manifest and its sticky folds."""
    from wreck_core.stages import dataset as stage

    end(stage.run(*load()), as_json)


@app.command(rich_help_panel=PIPELINE)
def train(
    backbone: Annotated[str, typer.Argument(help="A key of `backbones` in params.yaml.")],
    as_json: AsJson = False,
) -> None:
    """Train one backbone over the folds."""
    from wreck_core import console
    from wreck_core.stages import train as stage

    params, layout = load()
    with console.progress(f"train {backbone}", quiet=as_json) as progress:
        summary = stage.run(params, layout, backbone, progress)
    end(summary, as_json)


@app.command(rich_help_panel=PIPELINE)
def report(
    check: Annotated[
        bool, typer.Option("--check", help="Only judge the gates; exit 1 if one fails.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Let the next report say what changed since.")] = False,
    compare: Annotated[
        str | None,
        typer.Option(metavar="OTHER", help="What changed since a git revision, or a folder's report."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rank every backbone and write the leaderboard."""
    from wreck_core.errors import UsageError
    from wreck_core.stages import earlier
    from wreck_core.stages import report as stage

    params, layout = load()
    if check + keep + (compare is not None) > 1:
        raise UsageError("--check, --keep and --compare are asked one at a time")
    if check:
        end(earlier.check(layout), as_json)
    elif keep:
        end(earlier.keep(layout), as_json)
    elif compare is not None:
        end(earlier.compare(params, layout, compare), as_json)
    else:
        end(stage.run(params, layout), as_json)
