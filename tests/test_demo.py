"""The demo, whole: what a new user sees first."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from wreck_core import params
from wreck_core.cli.demo import demo_params

REPOSITORY = Path(__file__).resolve().parents[1]


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "wreck_core", "demo", str(folder)]
    return subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_demo_ends_with_a_leaderboard_on_which_transfer_beats_scratch(tmp_path: Path) -> None:
    done = demo(tmp_path / "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    reports = tmp_path / "demo" / "reports"
    verdict = json.loads((reports / "leaderboard.json").read_text())["verdict"]
    assert verdict in done.stdout
    assert "leaderboard.html" in done.stdout
    board = pd.read_csv(reports / "leaderboard.csv").set_index("backbone")
    transfer = board.loc[[name for name in board.index if name.startswith("efficientnet_lite")]]
    assert (transfer.status == "ok").all()
    assert (
        transfer.roc_auc.max()
        > max(board.loc[["scratch_cnn", "metadata-only", "colour-only"], "roc_auc"]) + 0.05
    )
    scraped = json.loads((tmp_path / "demo" / "data" / "scrape.json").read_text())
    assert sum(scraped["statuses"].values()) + scraped["pending"] == scraped["total"]
    assert {"http_4xx", "not_image", "blocked_address", "redirect_loop"} <= set(scraped["statuses"])
    assert (tmp_path / "demo" / "data" / "label_events.jsonl.dvc").exists()


def test_the_demo_keeps_the_comments_of_params_and_has_a_line_for_each_row(tmp_path: Path) -> None:
    shipped = (REPOSITORY / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(demo_params(shipped))
    changed, before = params.load(tmp_path / "params.yaml"), params.load(REPOSITORY / "params.yaml")
    assert list(changed.backbones)[:3] == [f"efficientnet_lite{at}" for at in range(3)]
    assert changed.report.min_auc < before.report.min_auc
    same = {"backbones", "report"}
    assert changed.model_dump(exclude=same) == before.model_dump(exclude=same)
    lines = (tmp_path / "params.yaml").read_text().splitlines()
    assert [line for line in lines if line.startswith("  efficientnet_lite2: {")]
    assert lines[0] == shipped.splitlines()[0]


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    done = demo(tmp_path)
    assert done.returncode == 2
    assert "holds something else than a demo" in done.stderr
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
