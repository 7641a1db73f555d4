"""`wreck demo`: the whole job, offline, on drawn photos, as a new user would do it."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.text import Text

from wreck_core import console, files, params
from wreck_core.cli.clone import clone, run
from wreck_core.labeling.rebuild import open_store
from wreck_core.labeling.schema import PRIMARY
from wreck_core.labeling.scripted import answer_all
from wreck_core.labeling.session import LabelSession
from wreck_core.layout import Layout
from wreck_core.report.exports import in_short
from wreck_core.sample import site, web
from wreck_core.stages import labels, snapshot
from wreck_core.stages.catalogue import Catalogue
from wreck_core.summary import count

BACKBONES = """backbones:
  efficientnet_lite0: {weights: imagenet}
  efficientnet_lite1: {weights: imagenet}
  efficientnet_lite2: {weights: imagenet}
  scratch_cnn: {weights: none, epochs: 12, input_px: 96}
"""
MIN_AUC = "min_auc: 0.80"  # drawn photos are few, so that the leader's AUC is not sure to a tenth
LIST = "data/urls/cars.csv"


def run_demo(folder: Path) -> None:
    """Make a fresh clone in `folder` and take the sample from its URL list to its leaderboard."""
    layout = Layout(folder.resolve())
    began = time.monotonic()
    with _step("Clone the repository"):
        clone(folder, "demo", afresh=True)
    with _step(f"Draw {site.DISTINCT} photos of cars"):
        sample = site.build()
        _prepare(layout, sample)
    with web.hosts(sample) as url_maps:
        with _step("Fetch the list, find duplicates, queue what is left"):
            run(folder, "python", "-m", "flows", "refresh", *_as_options(url_maps))
        with _step("Label what waits in the queue"):
            given = _label(layout, sample)
            console.out.print(count(given, "label") + " given")
    with _step("Train every backbone and rank them"):
        run(folder, "python", "-m", "flows", "experiment", "--jobs", "2")
    report = files.read_json(layout.report_json)
    console.out.print()
    console.show_table(in_short(report))
    console.out.print()
    console.out.print(Text(report["verdict"]["sentence"], style="bold green"))
    console.out.print(
        f"Open {folder / 'reports' / 'leaderboard.html'}  ({time.monotonic() - began:.0f} s in all)"
    )


def _prepare(layout: Layout, sample: site.Site) -> None:
    """Give the clone its list and its board, and commit them."""
    for shipped in layout.url_lists.iterdir():
        shipped.unlink()
    files.write_text(layout.root / LIST, "url\n" + "".join(f"{url}\n" for url in sample.urls))
    files.write_text(layout.params, demo_params(layout.params.read_text(encoding="utf-8")))
    run(layout.root, "git", "add", "--all")
    run(layout.root, "git", "commit", "--quiet", "--message", "The demo's list and board")


def demo_params(shipped: str) -> str:
    """Give the shipped params.yaml the demo's board and gate; every other line and comment stays."""
    board = re.sub(r"^backbones:\n(?: .*\n)+", BACKBONES, shipped, flags=re.MULTILINE)
    return re.sub(r"\bmin_auc: [0-9.]+", MIN_AUC, board)


def _label(layout: Layout, sample: site.Site) -> int:
    settings = params.load(layout.params)
    with open_store(layout) as store:
        session = LabelSession(store, Catalogue(layout), "demo", PRIMARY, settings.labels)
        given = answer_all(session, sample.truth.get)
    labels.export_labels(settings, layout)
    snapshot.run(settings, layout)
    return given


def _as_options(url_maps: tuple[str, ...]) -> Iterator[str]:
    for url_map in url_maps:
        yield from ("--map", url_map)


@contextmanager
def _step(title: str) -> Iterator[None]:
    console.out.print(Text(f"\n▸ {title}", style="bold"))
    began = time.monotonic()
    yield
    console.out.print(Text(f"  {time.monotonic() - began:.0f} s", style="dim"))
