"""What a process may compute on: its cores, and its GPU where a machine has several, one process for each."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from wreck_core import files
from wreck_core.errors import BusyError

VARIABLE = "CUDA_VISIBLE_DEVICES"
ASK = "from wreck_core.training.runtime import tf; print(len(tf.config.list_physical_devices('GPU')))"
NODES = Path("/dev")


def cores() -> int:
    """Count the cores that this process may use."""
    from joblib import cpu_count  # it knows affinity, and the share of a container

    return int(cpu_count())


def visible(environment: Mapping[str, str], nodes: Path = NODES) -> list[str]:
    """Name the devices that CUDA would show: those of CUDA_VISIBLE_DEVICES, else all of the machine.

    As CUDA reads it, the list ends at the first -1. `nodes` is the folder of the devices' files.
    """
    if VARIABLE in environment:
        named = [name.strip() for name in environment[VARIABLE].split(",")]
        return named[: named.index("-1")] if "-1" in named else [name for name in named if name]
    numbers = (path.name.removeprefix("nvidia") for path in nodes.glob("nvidia[0-9]*"))
    return sorted((number for number in numbers if number.isdigit()), key=int)


def usable() -> int:
    """Count the devices that TensorFlow can use: none when it was installed for processors alone.

    It is asked in a process of its own, because it keeps to what it finds first; where no device is visible
    it is not asked.
    """
    if not visible(os.environ):
        return 0
    words = [sys.executable, "-c", ASK]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    return int(done.stdout) if done.returncode == 0 else 0  # a training will say why


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
