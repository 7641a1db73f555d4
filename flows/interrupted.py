"""Runs whose process was killed. Prefect alone shows them as Running for ever (PrefectHQ/prefect#16746)."""

from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import FlowRunSort, TaskRunSort
from prefect.states import Crashed
from rich.text import Text

from flows import notices
from wreck_core import console
from wreck_core.layout import Layout

MOST_RUNS = 200  # the server gives no more at once
AT_WORK = {"state": {"type": {"any_": [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]}}}


def close(layout: Layout) -> list[str]:
    """Mark what is at work in the records as interrupted, tell people, and give the names of the flow runs.

    Only for a server whose runs have all ended: see `flows.server.reachable`.
    """
    ended: Any = Crashed(message="interrupted: its process ended")
    with get_client(sync_client=True) as client:
        flows = client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate(AT_WORK),
            sort=FlowRunSort.START_TIME_DESC,  # the synchronous client has no default for these two
            limit=MOST_RUNS,
        )
        tasks = client.read_task_runs(
            task_run_filter=TaskRunFilter.model_validate(AT_WORK),
            sort=TaskRunSort.END_TIME_DESC,
            limit=MOST_RUNS,
        )
        for run in flows:
            client.set_flow_run_state(run.id, ended, force=True)
        for task in tasks:
            client.set_task_run_state(task.id, ended, force=True)
    names = [
        f"{run.name}, begun {run.start_time:%Y-%m-%d %H:%M} UTC" if run.start_time else run.name
        for run in flows
        if run.parent_task_run_id is None
    ]
    for name in names:
        console.err.print(Text(f"an earlier run was interrupted, and this one goes on from there: {name}"))
    if names:
        notices.tell_interrupted(layout, names)
    return names
