"""`make seed-split`: our recipes on the seed notebook's own split, in the clone that `make real` keeps."""

from typing import Annotated

import typer

from wreck_core import console, params
from wreck_core.cli import errors_told
from wreck_core.cli.clone import clone, run
from wreck_core.cli.common import end
from wreck_core.cli.real import LIST, PURPOSE, Folder, Photos, mapped
from wreck_core.layout import Layout
from wreck_core.stages import seed_split

Notebook = Annotated[
    bool, typer.Option("--notebook", help="The notebook's recipe instead of ours: minutes a seed.")
]


@errors_told()
def main(folder: Folder, photos: Photos = None, notebook: Notebook = False) -> None:
    """Fetch the photos, train every trial under three seeds, judge the notebook's 245 photos."""
    clone(folder, PURPOSE, afresh=False)
    with mapped(photos) as maps:
        run(folder, "wreck", "scrape", LIST, *maps)
    run(folder, "wreck", "dedup")
    layout = Layout(folder.resolve())
    with console.progress("seed split") as progress:
        recipes = seed_split.NOTEBOOK if notebook else seed_split.FORMS
        summary = seed_split.run(params.load(layout.params), layout, recipes, progress=progress)
    end(summary, as_json=False)


if __name__ == "__main__":
    typer.run(main)
