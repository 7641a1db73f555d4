"""A proof that nights would come: packages that do not fit silently keep Prefect from scheduling any run."""

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flows.environment import prepare
from wreck_core.errors import WreckError
from wreck_core.layout import Layout
from wreck_core.stages.doctor import Check

NAME = "schedule"
APPEARS_WITHIN_S = 60  # it takes some seconds
POLL_S = 0.5


def of_schedule(layout: Layout) -> Check:
    """Deploy the nightly, every minute, to a temporary server, and see whether a run of it appears there.

    Nothing of it stays. Not tried where nothing can be served: outside a DVC repository.
    """
    if not (layout.root / ".dvc").is_dir():
        return Check(NAME, "not tried: no DVC repository")
    if os.environ.get("PREFECT_API_URL"):
        return Check(NAME, "not tried: PREFECT_API_URL names a server of your own")
    with TemporaryDirectory() as folder:
        prepare(Layout(Path(folder)))
        try:
            seconds = _first_run(Layout(Path(folder)))
        except WreckError as error:
            return Check(NAME, error.what, "run `make venv`: Prefect's own packages may not fit each other")
    return Check(NAME, f"a scheduled night appeared after {seconds:.0f} s")


def _first_run(layout: Layout) -> float:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.sorting import FlowRunSort

    from flows.nightly import nightly
    from flows.server import reachable

    with reachable(layout), get_client(sync_client=True) as client:
        deployment: Any = nightly.to_deployment("proof", cron="* * * * *")
        deployment.apply()
        began = time.monotonic()
        while not client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=1):
            if time.monotonic() - began > APPEARS_WITHIN_S:
                raise WreckError(f"no scheduled run appears in {APPEARS_WITHIN_S} s: no night would come")
            time.sleep(POLL_S)
        return time.monotonic() - began
