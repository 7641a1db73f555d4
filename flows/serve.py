"""The unattended service: Prefect's server, the nightly's schedule, and a runner for it."""

import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Crashed
from prefect.types.entrypoint import EntrypointType

from flows.nightly import nightly
from wreck_core.errors import BusyError, WreckError
from wreck_core.layout import Layout

HOST = "127.0.0.1"
START_TIMEOUT_S = 120
POLL_S = 0.2
MOST_RUNS = 200  # the server gives no more at once
PR_SET_PDEATHSIG = 1


def serve(layout: Layout, cron: str, *, port: int, parameters: Mapping[str, Any]) -> None:
    """Run the nightly, with `parameters`, at every `cron` moment until interrupted; one at a time.

    Starts a server on loopback `port` unless PREFECT_API_URL names one.
    """
    given = os.environ.get("PREFECT_API_URL")
    with _server(layout, port) if not given else _existing(given) as url:
        os.environ["PREFECT_API_URL"] = url  # for the processes of the runs
        with temporary_settings({PREFECT_API_URL: url}):
            if not given:  # a server that others share may have runs that are alive
                close_interrupted_runs()
            nightly.serve(
                name="nightly",
                cron=cron,
                # A second night while one runs is dropped, not queued.
                global_limit=ConcurrencyLimitConfig(
                    limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
                ),
                pause_on_shutdown=False,
                parameters={"workspace": str(layout.root.resolve()), **parameters},
                entrypoint_type=EntrypointType.MODULE_PATH,
            )


def close_interrupted_runs() -> int:
    """Mark the runs that a killed process left as Running (PrefectHQ/prefect#16746); count them."""
    with get_client(sync_client=True) as client:
        left = client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate({"state": {"type": {"any_": [StateType.RUNNING]}}}),
            sort=FlowRunSort.START_TIME_DESC,  # the synchronous client has no default for these two
            limit=MOST_RUNS,
        )
        for run in left:
            client.set_flow_run_state(run.id, Crashed(message="interrupted: its process ended"), force=True)
    return len(left)


@contextmanager
def _existing(url: str) -> Iterator[str]:
    yield url


@contextmanager
def _server(layout: Layout, port: int) -> Iterator[str]:
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
            words, stdout=handle, stderr=subprocess.STDOUT, preexec_fn=_die_with_parent
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


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:  # noqa: S310 - http on loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _die_with_parent() -> None:
    """Ask Linux to end this child with its parent, so that a kill -9 leaves no orphan server."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
