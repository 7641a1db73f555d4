"""Prefect's settings for a workspace. Prefect reads them when it is first imported: call this before."""

import os

from wreck_core.layout import Layout


def prepare(layout: Layout) -> None:
    """Keep Prefect's state inside the workspace, its telemetry off, and its console quiet.

    What the user has set stays; PREFECT_API_URL names another server than the temporary one.
    """
    home = layout.prefect_home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    settings = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",  # 26 s have been seen
        # Our own lines speak to the person; Prefect's log keeps everything.
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
