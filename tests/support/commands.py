"""Commands as a user gives them: in a checkout, with the environment's own programs first on the PATH."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

POLL_S = 0.05


def environment() -> dict[str, str]:
    """The environment of a fresh shell with .venv activated."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("WRECK_", "PREFECT_"))}
    return kept | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"}


def run(folder: Path, *words: str, timeout_s: float = 550) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        words, cwd=folder, env=environment(), capture_output=True, text=True, timeout=timeout_s, check=False
    )


def start(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start a command in a process group of its own, so that all of it can be killed at once."""
    return subprocess.Popen(
        words,
        cwd=folder,
        env=environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for(condition: Callable[[], bool], *, while_running: subprocess.Popen[bytes]) -> None:
    """Return as soon as the condition holds; fail when the process ends before."""
    while not condition():
        assert while_running.poll() is None, "the process ended before the moment to kill it came"
        time.sleep(POLL_S)
