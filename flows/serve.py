"""The unattended service: Prefect's server, the nightly's schedule, and a runner for it."""

import os
from collections.abc import Mapping
from typing import Any

from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.types.entrypoint import EntrypointType

from flows import lifetime, server
from flows.nightly import nightly
from wreck_core.layout import Layout


def serve(layout: Layout, cron: str, *, port: int, parameters: Mapping[str, Any]) -> None:
    """Run the nightly, with `parameters`, at every `cron` moment until interrupted; one at a time.

    Starts a server on loopback `port` unless PREFECT_API_URL names one.
    """
    os.environ[lifetime.ENDS_WITH] = str(os.getpid())  # a night of ours must not outlive a kill -9 of us
    with server.reachable(layout, port):
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
