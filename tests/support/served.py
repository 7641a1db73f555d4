"""`python -m flows serve` under test: its processes, its API, the messages that it sends."""

import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import commands
import psutil
from job import Job

from wreck_core import files
from wreck_core.errors import BusyError


class Served:
    """The service over a workspace, every minute a night; `taken` are the messages so far."""

    def __init__(self, job: Job, notify: str, taken: list[dict[str, str]]) -> None:
        self.job, self.taken, self._notify = job, taken, notify
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self.said = job.layout.root.parent / "said.txt"
        self.process: subprocess.Popen[bytes]

    def start(self) -> None:
        """Start the service."""
        port = self.address.rpartition(":")[2]
        words = ["python", "-m", "flows", "serve", "--cron", "* * * * *", "--port", port]
        shell = ["sh", "-c", f'exec "$@" >> {self.said} 2>&1', "sh"]
        given = ["env", f"WRECK_NOTIFY={self._notify}"]
        self.process = self.job.start(*shell, *given, *words, "--map", self.job.mirror)

    def kill(self) -> list[psutil.Process]:
        """Kill the service's own process, and give those that it had started."""
        started = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return started

    def end(self) -> None:
        """End the service and all that it started."""
        if self.process.poll() is None:
            for each in self.kill():
                if each.is_running():
                    os.kill(each.pid, signal.SIGKILL)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Return as soon as the condition holds."""
        commands.wait_for(condition, while_running=self.process)

    def message(self, text: str) -> dict[str, str]:
        """Wait for a message with this text and give it."""

        def found() -> list[dict[str, str]]:
            return [each for each in self.taken if text in each["title"] + each["message"]]

        self.wait(lambda: bool(found()))
        return found()[0]

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask Prefect's API."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}/api/{path}", data, headers)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
            return json.load(answer)

    def nights(self, state: str) -> list[dict[str, Any]]:
        """Give the runs of the nightly that are in this state."""
        runs = self.ask("flow_runs/filter", {"flows": {"name": {"any_": ["nightly"]}}})
        return [run for run in runs if run["state_type"] == state]

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Keep nights from being at work for the length of the block; they fail, being busy."""
        with ExitStack() as held:

            def take() -> bool:
                try:
                    held.enter_context(files.locked(self.job.layout.locks, "nightly"))
                except BusyError:
                    return False
                return True

            self.wait(take)
            yield


def log(root: Path) -> list[str]:
    """Give the subjects of the commits, the last first."""
    words = ["git", "log", "--format=%s"]
    return subprocess.run(words, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
