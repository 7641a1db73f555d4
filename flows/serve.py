"""The unattended service: Prefect's server, the nightly's schedule, and a runner for it."""

from collections.abc import Mapping
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Crashed
from prefect.types.entrypoint import EntrypointType

from flows import server
from flows.nightly import nightly
from wreck_core.layout import Layout

MOST_RUNS = 200  # the server gives no more at once


def serve(layout: Layout, cron: str, *, port: int, parameters: Mapping[str, Any]) -> None:
    """Run the nightly, with `parameters`, at every `cron` moment until interrupted; one at a time.

    Starts a server on loopback `port` unless PREFECT_API_URL names one.
    """
    with server.reachable(layout, port) as ours:
        if ours:  # a server that others share may have runs that are alive
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
