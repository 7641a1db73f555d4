"""One workspace with 200 photos, taken through the whole job by hand: scrape, labels import, dvc repro."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from job import ORIGIN, Job, gather_photos, small_board, write_list

from wreck_core.layout import Layout
from wreck_core.sample.mirror import mirror


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory, checkout: Callable[[Path], Path]) -> Iterator[Job]:
    """The workspace after the shortest way by hand, with its photos still served on loopback."""
    photos = tmp_path_factory.mktemp("photos")
    rows = gather_photos(photos)
    layout = Layout(checkout(tmp_path_factory.mktemp("workspace")))
    for shipped in layout.url_lists.iterdir():
        shipped.unlink()
    write_list(layout.url_lists / "photos.csv", [row for row in rows if row[1]])
    write_list(layout.root / "unlabelled.csv", [row for row in rows if not row[1]])
    with mirror(photos) as address:
        job = Job(layout, f"{ORIGIN}={address}")
        job.edit_params(small_board)
        job.do("wreck", "scrape", "data/urls/photos.csv", "--map", job.mirror)
        job.do("wreck", "labels", "import", "data/urls/photos.csv")
        job.do("git", "add", "-A")
        job.do("git", "commit", "-q", "-m", "Photos and a small board")
        job.do("dvc", "repro")
        yield job
