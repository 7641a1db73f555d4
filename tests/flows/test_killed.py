"""kill -9 of a whole flow: what it leaves behind, and how the next start goes on."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import commands
import halting
import pandas as pd
import psutil
import pytest
import tiny
from pages import serving

WAIT_S = 120


def kill(flow: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Kill the process of a flow, it alone, and give those that it had started."""
    started = psutil.Process(flow.pid).children(recursive=True)
    flow.send_signal(signal.SIGKILL)
    flow.wait()
    return started


@pytest.mark.slow
def test_a_refresh_killed_in_mid_scrape_leaves_no_process_and_the_next_fetches_only_the_rest(
    tmp_path: Path, checkout: Callable[[Path], Path], record_property: Callable[[str, object], None]
) -> None:
    layout = halting.prepare(checkout(tmp_path))
    with serving(halting.Halting()) as web:
        words = [sys.executable, "-m", "flows", "refresh", *halting.maps(web)]
        flow = commands.start(layout.root, *words)
        whole = halting.FREE * 2
        commands.wait_for(lambda: len(halting.recorded(layout)) == whole, while_running=flow)
        commands.wait_for(lambda: web.held_back() == halting.PER_HOST * 2, while_running=flow)
        recorded = halting.recorded(layout)
        started = kill(flow)
        web.go_on.set()
        assert started
        assert psutil.wait_procs(started, timeout=WAIT_S)[1] == []

        again = commands.run(layout.root, *words)
        assert again.returncode == 0, again.stderr
    assert sorted(pd.read_parquet(layout.candidates).url) == sorted(halting.urls())
    assert all(web.asked_of(path) == 1 for path in recorded)
    assert len(web.asked) == halting.PICTURES + halting.PER_HOST * 2
    assert list(layout.arrivals.iterdir()) == []
    told = f"a refresh killed in mid-scrape: {len(started)} processes, all gone; {len(recorded)} recorded"
    record_property("R13", f"{told}, 0 fetched again")


@pytest.mark.slow
def test_an_experiment_that_is_killed_leaves_only_the_stage_at_work_which_comes_to_its_end(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    layout = tiny.build(tmp_path)
    tiny.hold_training(layout)
    words = [sys.executable, "-m", "flows", "experiment", "--jobs", "1"]
    flow = commands.start(layout.root, *words)
    commands.wait_for((layout.root / "begun-train-alpha").exists, while_running=flow)
    servers = [each for each in psutil.Process(flow.pid).children() if "prefect" in each.cmdline()]
    started = kill(flow)
    assert servers
    assert psutil.wait_procs(servers, timeout=WAIT_S)[1] == []
    (layout.root / "go").touch()
    assert psutil.wait_procs(started, timeout=WAIT_S)[1] == []
    assert tiny.ran(layout) == ["dedup", "dataset", "train@alpha"]

    assert commands.run(layout.root, *words).returncode == 0
    assert tiny.ran(layout) == ["train@beta", "report"]
    assert tiny.status(layout) == {}
    record_property("R13", f"an experiment killed in mid-training: {len(servers)} server, gone by itself")
