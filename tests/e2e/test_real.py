"""The real thing: 1,227 public photos, six backbones on real weights, from URL list to leaderboard."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import commands
import pandas as pd
import pytest
from job import Job
from typer import Typer
from typer.testing import CliRunner

from wreck_core.cli import real, seed_split
from wreck_core.layout import Layout
from wreck_core.sample.mirror import mirror

REPOSITORY = Path(__file__).resolve().parents[2]
ORIGIN = (
    "https://raw.githubusercontent.com/tpham222/Wreck_Detect/15fc84e64125a8c3ddd3b535aa787003ba6a8e4b/images/"
)
FROZEN = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2", "mobilenet_v2", "mobilenet")


@pytest.mark.parametrize("command", [real.main, seed_split.main])
def test_a_folder_of_photos_that_is_not_there_is_told_before_anything_is_made(
    tmp_path: Path, command: Callable[..., None]
) -> None:
    app = Typer()
    app.command()(command)
    done = CliRunner().invoke(app, [str(tmp_path / "real"), "--mirror", str(tmp_path / "photos")])
    assert done.exit_code == 2
    assert "--mirror" in done.output
    assert not (tmp_path / "real").exists()


@pytest.mark.parametrize("module", ["real", "seed_split"])
def test_a_folder_with_something_else_is_one_message(tmp_path: Path, module: str) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = commands.run(REPOSITORY, sys.executable, "-m", f"wreck_core.cli.{module}", str(tmp_path))
    assert done.returncode == 2
    assert "holds something else than a real run" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_reference_photos_become_an_honest_leaderboard(
    tmp_path: Path, checkout: Callable[[Path], Path], reference_photos: Path
) -> None:
    weights = REPOSITORY.parent / "shared" / "weights"
    layout = Layout(checkout(tmp_path / "workspace"))

    def six_rows(raw: dict) -> None:
        raw["weights"]["dirs"] = [str(weights)]
        raw["backbones"] = {name: raw["backbones"][name] for name in (*FROZEN, "scratch_cnn")}

    with mirror(reference_photos) as address:
        job = Job(layout, f"{ORIGIN}={address}")
        job.edit_params(six_rows)
        job.do("git", "commit", "-qam", "Six rows")
        done = job.run("python", "-m", "flows", "nightly", "--map", job.mirror, timeout_s=3500)
    assert done.returncode == 0, done.stdout + done.stderr

    candidates = pd.read_parquet(layout.candidates)
    assert len(candidates) == 1227
    assert candidates.sha256.nunique() == 1216
    assert json.loads(layout.dataset_json.read_text())["leaks"] == 0
    duplicates = pd.read_parquet(layout.duplicates)
    assert duplicates.conflict.any(), "one photo is filed under both classes"

    board = pd.read_csv(layout.reports / "leaderboard.csv").set_index("backbone")
    assert (board.loc[list(FROZEN), "status"] == "ok").all()
    assert (board.loc[list(FROZEN), "roc_auc"] >= 0.93).all()
    assert board.loc["scratch_cnn", "roc_auc"] < board.loc[list(FROZEN), "roc_auc"].min() - 0.05
    assert json.loads(job.do("dvc", "status", "--json").stdout) == {}
    shutil.rmtree(layout.root)
