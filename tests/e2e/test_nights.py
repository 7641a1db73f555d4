"""Three nights of a served deployment: one good, one with a failing backbone, one killed in the middle."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import chrome
import pandas as pd
import psutil
import pytest
from job import ORIGIN, Job, gather_photos, small_board, write_list
from receiver import receiving
from selenium.webdriver.support.ui import WebDriverWait
from served import Served, log

from wreck_core.layout import Layout
from wreck_core.sample.mirror import mirror

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]
MISSING = "none.weights.h5"
Rows = list[tuple[str, str]]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rows]:
    folder = tmp_path_factory.mktemp("photos")
    labelled = [row for row in gather_photos(folder) if row[1]]
    damaged, undamaged = labelled[: len(labelled) // 2], labelled[len(labelled) // 2 :]
    return folder, [row for pair in zip(damaged, undamaged, strict=True) for row in pair]


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory,
    checkout: Callable[[Path], Path],
    photos: tuple[Path, Rows],
) -> Iterator[Served]:
    """The service over a workspace with eighty photos, two backbones and a branch for the nights."""
    layout = Layout(checkout(tmp_path_factory.mktemp("nights") / "workspace"))
    for shipped in layout.url_lists.iterdir():
        shipped.unlink()
    write_list(layout.url_lists / "one.csv", photos[1][:80])
    with mirror(photos[0]) as address, receiving() as (notify, taken):
        job = Job(layout, f"{ORIGIN}={address}")
        job.edit_params(small_board)
        job.do("git", "add", "-A")
        job.do("git", "commit", "-q", "-m", "A list and a small board")
        served = Served(job, notify, taken)
        served.start()
        try:
            yield served
        finally:
            served.end()


def assert_both_doors_agree(served: Served, *stale: str) -> None:
    job = served.job
    assert sorted(json.loads(job.do("dvc", "status", "--json").stdout)) == sorted(stale)
    job.do("wreck", "verify")
    if not stale:
        assert "Running stage" not in job.do("dvc", "repro").stdout


def board(served: Served) -> pd.DataFrame:
    return pd.read_csv(served.job.layout.reports / "leaderboard.csv").set_index("backbone")


def test_a_good_night_ends_as_one_commit_one_message_and_a_board_and_an_overlap_is_cancelled(
    served: Served,
) -> None:
    (served.job.layout.root / "notes.txt").write_text("mine")
    served.wait(lambda: any(served.job.layout.images.rglob("*.*")))  # a night is at work
    deployment = served.ask("deployments/name/nightly/nightly")
    assert deployment["schedules"][0]["schedule"]["cron"] == "* * * * *"
    other = served.ask(f"deployments/{deployment['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})
    served.wait(lambda: other["id"] in {run["id"] for run in served.nights("CANCELLED")})

    told = served.message("images: +80")
    assert told["title"].endswith("the night is done")
    assert "leaderboard: " in told["message"]
    with served.quiet():
        assert log(served.job.layout.root)[0].startswith("Nightly: +80 \N{MINUS SIGN}0 images, 80 labels")
        assert "?? notes.txt" in served.job.do("git", "status", "--porcelain").stdout
        assert set(board(served).index) >= {"efficientnet_lite0", "scratch_cnn"}
        assert_both_doors_agree(served)
    shown = {each["key"] for each in served.ask("artifacts/latest/filter", {})}
    assert shown >= {"leaderboard", "verdict", "leaderboard-page", "stages", "dataset", "queue", "progress"}


def test_a_night_with_a_failing_backbone_keeps_the_others_and_says_so(
    served: Served, photos: tuple[Path, Rows]
) -> None:
    with served.quiet():
        served.job.edit_params(lambda raw: raw["backbones"].update(mobilenet_v2={"weights": MISSING}))
        write_list(served.job.layout.url_lists / "two.csv", photos[1][80:100])
    told = served.message("images: +20")
    assert told["title"].endswith("the night failed")
    assert "failed: train@mobilenet_v2" in told["message"]
    assert MISSING in told["message"]
    with served.quiet():
        assert "Nightly: +20 \N{MINUS SIGN}0 images, 20 labels changed" in log(served.job.layout.root)
        assert board(served).loc["mobilenet_v2", "status"] == "failed"
        assert board(served).loc["efficientnet_lite0", "status"] == "ok"
        assert " M params.yaml" in served.job.do("git", "status", "--porcelain").stdout
        assert_both_doors_agree(served, "train@mobilenet_v2")


def test_a_night_that_is_killed_leaves_no_orphan_and_the_next_start_tells_it_and_goes_on(
    served: Served, photos: tuple[Path, Rows]
) -> None:
    layout = served.job.layout
    with served.quiet():

        def change(raw: dict) -> None:
            del raw["backbones"]["mobilenet_v2"]
            raw["backbones"]["scratch_cnn"]["epochs"] = 9

        served.job.edit_params(change)
        (layout.url_lists / "two.csv").unlink()
        write_list(layout.url_lists / "three.csv", photos[1][100:110])
    served.wait(lambda: any((layout.checkpoints / "train@scratch_cnn").rglob("*-last.npz")))
    started = served.kill()
    assert psutil.wait_procs(started, timeout=600)[1] == []

    served.start()
    assert served.message("a night was interrupted")["type"] == "failure"
    told = served.message("images: +10")
    assert told["title"].endswith("the night is done")
    assert "this one goes on from there" in served.said.read_text()
    with served.quiet():
        assert "Nightly: +10 \N{MINUS SIGN}0 images, 10 labels changed" in log(layout.root)
        assert "mobilenet_v2" not in board(served).index
        assert_both_doors_agree(served)
    assert served.nights("CRASHED")


@pytest.mark.browser
def test_prefects_page_shows_the_schedule_the_nights_and_the_board(served: Served, tmp_path: Path) -> None:
    deployment = served.ask("deployments/name/nightly/nightly")["id"]
    night = served.nights("COMPLETED")[0]
    artifacts = {each["key"]: each["latest_id"] for each in served.ask("artifacts/latest/filter", {})}
    with chrome.started(tmp_path) as browser:
        browser.set_window_size(1400, 1000)

        def wait_for(page: str, *texts: str) -> None:
            browser.get(f"{served.address}/{page}")
            shown = "return document.body.innerText"
            wait = WebDriverWait(browser, 120)
            wait.until(lambda _: all(text in browser.execute_script(shown) for text in texts))

        wait_for(f"deployments/deployment/{deployment}", "Schedules", "Every minute")
        wait_for(f"runs/flow-run/{night['id']}", night["name"], "Completed", "Artifacts")
        wait_for(f"artifacts/artifact/{artifacts['stages']}", "train@scratch_cnn", "report.log")
        wait_for(f"artifacts/artifact/{artifacts['leaderboard']}", "efficientnet_lite0", "interval")
        wait_for(f"artifacts/artifact/{artifacts['verdict']}", "Who is really better")
        plot = "return document.querySelector('img[alt=Intervals]').naturalWidth"
        assert browser.execute_script(plot) > 500
