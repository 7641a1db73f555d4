"""Which GPU a training gets, where a machine has several: one process for each."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from wreck_core import files
from wreck_core.errors import BusyError

VARIABLE = "CUDA_VISIBLE_DEVICES"
NODES = Path("/dev")


def visible(environment: Mapping[str, str], nodes: Path = NODES) -> list[str]:
    """Name the devices that CUDA would show: those of CUDA_VISIBLE_DEVICES, else all of the machine.

    As CUDA reads it, the list ends at the first -1. `nodes` is the folder of the devices' files.
    """
    if VARIABLE in environment:
        named = [name.strip() for name in environment[VARIABLE].split(",")]
        return named[: named.index("-1")] if "-1" in named else [name for name in named if name]
    numbers = (path.name.removeprefix("nvidia") for path in nodes.glob("nvidia[0-9]*"))
    return sorted((number for number in numbers if number.isdigit()), key=int)


@contextmanager
def one(locks: Path) -> Iterator[dict[str, str]]:
    """Hold a free device for the length of the block; give what says so in a process's environment.

    Nothing is said where there is one device or none. When all are taken the first is shared: trainings
    take of its memory what they need (`runtime.start`).
    """
    found = visible(os.environ)
    if len(found) < 2:
        yield {}
        return
    with ExitStack() as held:
        yield {VARIABLE: next((device for device in found if _take(held, locks, device)), found[0])}


def _take(held: ExitStack, locks: Path, device: str) -> bool:
    try:
        held.enter_context(files.locked(locks, f"device-{device.replace('/', '-')}"))
    except BusyError:
        return False
    return True
