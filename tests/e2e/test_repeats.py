"""The same inputs give the same bytes: every backbone of the board at its native size, from clean caches."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from job import ORIGIN, Job, gather_photos, write_list

from wreck_core import params
from wreck_core.layout import Layout
from wreck_core.sample.mirror import mirror

TIMES = ["ms_per_image_p50", "ms_per_image_p95", "peak_rss_mb", "fit_s"]
TABLES = ("leaderboard_seed.csv", "pairwise.csv", "slices.csv", "errors.csv")
EMBEDDED = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")


def whole_board_without_a_network(raw: dict) -> None:
    """Keep every row, its recipe and size; those whose weights need a network get random ones."""
    for name, row in raw["backbones"].items():
        if name not in EMBEDDED:
            row.update(weights="none", recipe=row.get("recipe", "scratch" if "epochs" in row else "frozen"))
        if "epochs" in row:
            row["epochs"] = 2
    raw["report"] |= {"bootstrap": 300, "min_auc": 0.0}


def copied(job: Job, folder: Path) -> Job:
    """Copy a workspace as it lies there, before anything was trained in it."""
    shutil.copytree(job.layout.root, folder, symlinks=True)
    return Job(Layout(folder), job.mirror)


def results(layout: Layout) -> dict[str, bytes]:
    """Read what must be the same to the byte, by name."""
    found = {path.parent.name: path.read_bytes() for path in layout.models.glob("*/oof.parquet")}
    board = pd.read_csv(layout.reports / "leaderboard.csv").drop(columns=TIMES)
    found["leaderboard.csv"] = board.to_csv(index=False).encode()
    return found | {name: (layout.reports / name).read_bytes() for name in TABLES}


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_dvc_repro_twice_and_the_flow_with_two_jobs_give_the_same_bytes(
    tmp_path: Path, checkout: Callable[[Path], Path]
) -> None:
    photos = tmp_path / "photos"
    rows = [row for row in gather_photos(photos, count=60) if row[1]]
    first = Job(Layout(checkout(tmp_path / "first")), "")
    for shipped in first.layout.url_lists.iterdir():
        shipped.unlink()
    write_list(first.layout.url_lists / "photos.csv", rows)
    first.edit_params(whole_board_without_a_network)
    with mirror(photos) as address:
        first.do("wreck", "scrape", "data/urls/photos.csv", "--map", f"{ORIGIN}={address}")
    first.do("wreck", "labels", "import", "data/urls/photos.csv")
    first.do("git", "add", "-A")
    first.do("git", "commit", "-q", "-m", "Photos and the whole board")
    again, flow = copied(first, tmp_path / "again"), copied(first, tmp_path / "flow")

    for job in (first, again):
        done = job.run("dvc", "repro", timeout_s=3000)
        assert done.returncode == 0, done.stdout + done.stderr
    done = flow.run("python", "-m", "flows", "experiment", "--jobs", "2", timeout_s=3000)
    assert done.returncode == 0, done.stdout + done.stderr

    expected = results(first.layout)
    board = pd.read_csv(first.layout.reports / "leaderboard.csv")
    assert set(board["status"]) <= {"ok", "baseline"}
    trained = params.load(first.layout.params).backbones
    assert trained.keys() == expected.keys() - {"leaderboard.csv", *TABLES}
    for job in (again, flow):
        found = results(job.layout)
        assert found.keys() == expected.keys()
        assert [name for name in expected if found[name] != expected[name]] == []
