"""The flows on a real Dask cluster: a scheduler and two workers on loopback, one killed at its work."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import commands
import halting
import pandas as pd
import psutil
import pytest
import tiny
from pages import serving


@contextmanager
def cluster(root: Path, allowed_failures: int = 3) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler's address and its two workers, each in a process group of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    quiet = ["--no-dashboard", "--host", "127.0.0.1"]
    words = [
        ["dask", "scheduler", *quiet, "--port", str(port)],
        *[["dask", "worker", address, *quiet, "--nthreads", "1", "--no-nanny"]] * 2,
    ]
    setting = f"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES={allowed_failures}"
    with ExitStack() as stack:
        started = []
        for each in words:
            process = commands.start(root, "env", setting, *each)
            stack.callback(end, process)
            started.append(process)
        wait_for_workers(address, 2)
        yield address, started[1:]


def wait_for_workers(address: str, count: int) -> None:
    from distributed import Client

    with Client(address, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=60)


def works_on(worker: subprocess.Popen[bytes], stage: str) -> bool:
    children = psutil.Process(worker.pid).children(recursive=True)
    return any(stage in each.cmdline() for each in children)


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)


@pytest.mark.slow
def test_a_worker_that_is_killed_in_mid_stage_fails_nothing(tmp_path: Path) -> None:
    layout = tiny.build(tmp_path)
    tiny.hold_training(layout)
    with cluster(layout.root) as (address, workers):
        flow = commands.start(layout.root, sys.executable, "-m", "flows", "experiment", "--dask", address)
        try:
            commands.wait_for((layout.root / "begun-train-alpha").exists, while_running=flow)
            at_work = [each for each in workers if psutil.Process(each.pid).children()]
            end(at_work[0])
            (layout.root / "go").touch()
            assert flow.wait(500) == 0
        finally:
            end(flow)
    assert tiny.status(layout) == {}
    ran = tiny.ran(layout)
    assert set(ran) == {"dedup", "dataset", "train@alpha", "train@beta", "report"}
    assert all(ran.count(stage) == 1 for stage in set(ran) - {"train@alpha"})


@pytest.mark.slow
def test_a_stage_at_which_every_worker_dies_is_one_failed_stage_and_one_error(tmp_path: Path) -> None:
    layout = tiny.build(tmp_path)
    tiny.hold_training(layout)
    said = layout.root / "said.txt"
    with cluster(layout.root, allowed_failures=0) as (address, workers):
        words = [sys.executable, "-m", "flows", "experiment", "--dask", address]
        flow = commands.start(layout.root, "sh", "-c", f'exec "$@" 2> {said}', "sh", *words)
        try:
            commands.wait_for((layout.root / "begun-train-alpha").exists, while_running=flow)
            (at_work,) = [each for each in workers if works_on(each, "train@alpha")]
            end(at_work)
            (layout.root / "go").touch()  # what outlives it comes to its end
            assert flow.wait(500) == 1
        finally:
            end(flow)
    told = said.read_text()
    why = "the Dask workers that were given it died, one after the other"
    assert "Traceback" not in told
    became = dict(line.split()[:2] for line in told.splitlines() if line.startswith("train@"))
    # What the dead worker had ended before, it took along: another is asked for it, and finds it done.
    assert became in ({"train@alpha": "failed", "train@beta": beta} for beta in ("ran", "skipped"))
    assert why in told
    assert {"train@beta", "report"} <= set(tiny.ran(layout))


def test_dask_without_its_package_says_what_to_install(tmp_path: Path) -> None:
    layout = tiny.build(tmp_path)
    program = "import sys; sys.modules['prefect_dask'] = None; from flows.__main__ import app; app()"
    words = [sys.executable, "-c", program, "experiment", "--dask", "tcp://127.0.0.1:1"]
    done = commands.run(layout.root, *words)
    assert (done.returncode, done.stderr.count("error:")) == (2, 1)
    assert "pip install 'wreck-detect[dask]'" in done.stderr


@pytest.mark.slow
def test_chunks_are_fetched_on_the_workers_and_one_that_is_killed_loses_nothing(
    tmp_path: Path, checkout: Callable[[Path], Path]
) -> None:
    layout = halting.prepare(checkout(tmp_path))
    with serving(halting.Halting()) as web, cluster(layout.root) as (address, workers):
        words = [sys.executable, "-m", "flows", "refresh", "--dask", address, *halting.maps(web)]
        flow = commands.start(layout.root, *words)
        try:
            # Both workers have recorded what was answered, and wait.
            whole = halting.FREE * 2
            commands.wait_for(lambda: len(halting.recorded(layout)) == whole, while_running=flow)
            commands.wait_for(lambda: web.held_back() == halting.PER_HOST * 2, while_running=flow)
            recorded = halting.recorded(layout)
            end(workers[0])
            web.go_on.set()
            assert flow.wait(500) == 0
        finally:
            web.go_on.set()
            end(flow)
    assert sorted(pd.read_parquet(layout.candidates).url) == sorted(halting.urls())
    assert all(web.asked_of(path) == 1 for path in recorded)
    # Only what was under way in the killed worker is asked for again.
    assert len(web.asked) == halting.PICTURES + halting.PER_HOST
    assert web.most == {host: halting.PER_HOST for host in range(2)}
    assert list(layout.arrivals.iterdir()) == []


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_and_an_address_that_is_none_are_told_apart(tmp_path: Path) -> None:
    layout = tiny.build(tmp_path)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"tcp://127.0.0.1:{closed.getsockname()[1]}"
        words = [sys.executable, "-m", "flows", "experiment", "--dask"]
        done = commands.run(layout.root, *words, nobody)
    assert (done.returncode, done.stderr.startswith(f"error: {nobody}: no Dask scheduler answers")) == (
        1,
        True,
    )
    done = commands.run(layout.root, *words, "nonsense")
    assert (done.returncode, "write it as tcp://HOST:PORT" in done.stderr) == (2, True)
