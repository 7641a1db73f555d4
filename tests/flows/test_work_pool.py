"""prefect.yaml as an operator uses it: a server, a process work pool and a worker, all on loopback."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import commands
import pandas as pd
import pytest
from pages import pages, photo

from wreck_core.layout import Layout

ORIGIN = "http://web.example/"
DEADLINE_S = 300


@contextmanager
def server(root: Path) -> Iterator[list[str]]:
    """A server of its own; gives what goes before a command so that it talks to it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    home = f"PREFECT_HOME={root.parent / 'prefect'}"
    words = ["env", home, "COLUMNS=200", "PREFECT_SERVER_ANALYTICS_ENABLED=false", "DO_NOT_TRACK=1"]
    process = commands.start(
        root, *words, "prefect", "server", "start", "--host", "127.0.0.1", "--port", port
    )
    known = [*words, f"PREFECT_API_URL=http://127.0.0.1:{port}/api"]
    try:
        deadline = time.monotonic() + DEADLINE_S
        while commands.run(root, "curl", "-sf", f"http://127.0.0.1:{port}/api/health").returncode:
            assert process.poll() is None
            assert time.monotonic() < deadline
        yield known
    finally:
        process.terminate()
        process.wait()


def do(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    done = commands.run(root, *words)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.mark.slow
def test_a_worker_of_a_process_pool_runs_what_prefect_yaml_deploys(
    tmp_path: Path, checkout: Callable[[Path], Path]
) -> None:
    layout = Layout(checkout(tmp_path / "workspace"))
    for shipped in layout.url_lists.iterdir():
        shipped.unlink()
    (layout.url_lists / "list.txt").write_text("".join(f"{ORIGIN}{n}.jpg\n" for n in range(3)))
    with pages() as web, server(layout.root) as known:
        web.bodies = {f"/{n}.jpg": photo(n) for n in range(3)}
        prefect = [*known, "prefect", "--no-prompt"]
        do(layout.root, *prefect, "work-pool", "create", "wreck", "--type", "process")
        do(layout.root, *prefect, "deploy", "--all")
        listed = do(layout.root, *prefect, "deployment", "ls").stdout
        assert all(f"{name}/pool" in listed for name in ("nightly", "refresh", "experiment"))
        mapped = f'url_map=["{"=".join(web.mirror(ORIGIN))}"]'
        do(layout.root, *prefect, "deployment", "run", "refresh/pool", "--param", mapped)
        do(layout.root, *prefect, "worker", "start", "--pool", "wreck", "--run-once")
        runs = do(layout.root, *prefect, "flow-run", "ls", "--flow-name", "refresh").stdout
    assert "COMPLETED" in runs
    assert len(pd.read_parquet(layout.candidates)) == 3
    subjects = subprocess.run(
        ["git", "log", "--format=%s"], cwd=layout.root, capture_output=True, text=True, check=True
    )
    assert subjects.stdout.startswith("Refresh the dataset: +3")
