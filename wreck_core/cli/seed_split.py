"""`make seed-split`: our recipes on the seed notebook's own split, in the clone that `make real` keeps."""

from pathlib import Path
from typing import Annotated

import typer

from wreck_core import console, params
from wreck_core.cli.clone import clone, run
from wreck_core.cli.common import end
from wreck_core.cli.real import LIST, PURPOSE, mapped
from wreck_core.layout import Layout
from wreck_core.stages import seed_split


def main(
    folder: Annotated[Path, typer.Argument(help="Where; kept, so that a second run goes on.")],
    photos: Annotated[
        Path | None,
        typer.Option(
            "--mirror",
            exists=True,
            file_okay=False,
            help="A folder with the photos, for a machine without a network.",
        ),
    ] = None,
) -> None:
    """Fetch the photos, train every trial under three seeds, judge the notebook's 245 photos."""
    clone(folder, PURPOSE, afresh=False)
    with mapped(photos) as maps:
        run(folder, "wreck", "scrape", LIST, *maps)
    layout = Layout(folder.resolve())
    with console.progress("seed split") as progress:
        summary = seed_split.run(params.load(layout.params), layout, progress=progress)
    typer.echo(f"Wrote {folder / 'reports' / 'seed_split.csv'}")
    end(summary, as_json=False)


if __name__ == "__main__":
    typer.run(main)
