"""A Prefect server of our own on loopback, which ends with the process that started it."""

import fcntl
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows import interrupted, lifetime
from wreck_core.errors import BusyError, WreckError
from wreck_core.layout import Layout

HOST = "127.0.0.1"
START_TIMEOUT_S = 120
DRAIN_TIMEOUT_S = 5
POLL_S = 0.2


@contextmanager
def reachable(layout: Layout, port: int | None = None) -> Iterator[None]:
    """Let Prefect, here and in processes that are started, use the server that PREFECT_API_URL names.

    Where it names none one is started, at any free port of loopback unless `port` is given, and runs that
    killed processes have left at work are closed. Prefect's own temporary server would outlive a kill -9,
    and workers elsewhere would each start another. Raises BusyError when something answers at `port` already.
    """
    if os.environ.get("PREFECT_API_URL"):
        yield
        return
    layout.locks.mkdir(parents=True, exist_ok=True)
    with (layout.locks / "prefect.lock").open("a") as lock:
        alone = _is_alone(lock)
        with _running(layout, port or _free_port()) as url:
            os.environ["PREFECT_API_URL"] = url  # for the processes of the runs
            try:
                with temporary_settings({PREFECT_API_URL: url}):
                    if alone:
                        interrupted.close(layout)
                        fcntl.flock(lock, fcntl.LOCK_SH)
                    yield
            finally:
                APILogWorker.drain_all(timeout=DRAIN_TIMEOUT_S)  # while the server is still there
                del os.environ["PREFECT_API_URL"]


def _is_alone(lock: TextIO) -> bool:
    """Say whether no other server keeps the workspace's records; wait while one that starts sees to them.

    All who have a server hold the lock together, so nobody gets it alone but the first of them. It is a
    flock: a kill -9 frees it.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(lock, fcntl.LOCK_SH)
        return False
    return True


@contextmanager
def _running(layout: Layout, port: int) -> Iterator[str]:
    url = f"http://{HOST}:{port}/api"
    if _answers(url):
        raise BusyError(
            "busy: a server already answers here", where=url, fix="stop it, or set PREFECT_API_URL to use it"
        )
    log = layout.logs / "prefect-server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as handle:
        words = [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)]
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and fixed words
            words,
            env=os.environ | {"PREFECT_UI_API_URL": url},  # else its page asks port 4200, whatever the port
            stdout=handle,
            stderr=subprocess.STDOUT,
            preexec_fn=lifetime.end_with_parent,
        )
        try:
            deadline = time.monotonic() + START_TIMEOUT_S
            while not _answers(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise WreckError("Prefect's server did not start", where=url, fix=f"see {log}")
                time.sleep(POLL_S)
            yield url
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:  # noqa: S310 - http on loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
