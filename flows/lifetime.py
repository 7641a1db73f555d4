"""Processes that end with the one that started them, so that a kill -9 leaves no orphan."""

import ctypes
import os
import signal
import sys

ENDS_WITH = "WRECK_ENDS_WITH"  # the process whose end is ours
PR_SET_PDEATHSIG = 1


def end_with_parent(by: int = signal.SIGTERM) -> None:
    """Ask Linux to end this process, by the signal `by`, when its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, by)


def end_with_service() -> None:
    """End with the service that started this run of a flow, if one did; what it left goes on the next night.

    At once: Prefect would try to tell its server, which has gone too.
    """
    if os.environ.get(ENDS_WITH) == str(os.getppid()):
        end_with_parent(signal.SIGKILL)
