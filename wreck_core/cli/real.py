"""`make real`: the whole job on the public photos of data/urls/wreck_detect.csv, in a clone that it keeps."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from wreck_core.cli import errors_told
from wreck_core.cli.clone import clone, run
from wreck_core.sample.mirror import mirror

ORIGIN = (
    "https://raw.githubusercontent.com/tpham222/Wreck_Detect/15fc84e64125a8c3ddd3b535aa787003ba6a8e4b/images/"
)
LIST, PURPOSE = "data/urls/wreck_detect.csv", "real run"
OK, SOME_FAILED = 0, 1

Folder = Annotated[Path, typer.Argument(help="Where; kept, so that a second run goes on.")]
Photos = Annotated[
    Path | None,
    typer.Option(
        "--mirror",
        exists=True,
        file_okay=False,
        help="A folder with the photos, for a machine without a network.",
    ),
]


@contextmanager
def mapped(photos: Path | None) -> Iterator[tuple[str, ...]]:
    """Serve a folder with the photos, and give the option that reads them from there; none: no option."""
    if photos is None:
        yield ()
    else:
        with mirror(photos) as address:
            yield ("--map", f"{ORIGIN}={address}")


@errors_told()
def main(folder: Folder, photos: Photos = None) -> None:
    """Fetch, de-duplicate, label, train every backbone, rank. A backbone without weights is a failed row."""
    clone(folder, PURPOSE, afresh=False)
    with mapped(photos) as maps:
        code = run(folder, "python", "-m", "flows", "nightly", *maps, ends=(OK, SOME_FAILED))
    typer.echo(f"Open {folder / 'reports' / 'leaderboard.html'}")
    raise typer.Exit(code)


if __name__ == "__main__":
    typer.run(main)
