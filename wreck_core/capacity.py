"""How many trainings this machine can run beside each other: by its GPUs or cores, and by its memory."""

from collections.abc import Iterator
from pathlib import Path

from wreck_core import devices, files
from wreck_core.layout import Layout
from wreck_core.params import Params

FIRST_MB = 4096  # of a training that has not run here yet: about what the greediest recipe, `seed`, takes
CGROUPS = Path("/sys/fs/cgroup")
MIB = 1024 * 1024


def trainings(params: Params, layout: Layout) -> int:
    """Say how many trainings to run at the same time; at least one.

    A number in `nightly.jobs` is that many. With 0 it is one for each GPU, or else for each `train.threads`
    cores that this process may use, and no more than memory holds when each takes what the greediest of the
    board took the last time.
    """
    if params.nightly.jobs:
        return params.nightly.jobs
    workers = devices.usable() or devices.cores() // params.train.threads
    return fitting(workers, max(_took_mb(params, layout), default=FIRST_MB), memory_mb())


def fitting(workers: int, each_mb: float, free_mb: float) -> int:
    """Say how many of `workers` fit into memory, at least one."""
    return max(1, min(workers, int(free_mb // each_mb)))


def _took_mb(params: Params, layout: Layout) -> Iterator[float]:
    for name in params.backbones:
        record = layout.model(name) / "metrics.json"
        yield files.read_json(record).get("peak_rss_mb", FIRST_MB) if record.exists() else FIRST_MB


def memory_mb(cgroups: Path = CGROUPS, own: Path = Path("/proc/self/cgroup")) -> int:
    """Say how much memory trainings may take, in MiB.

    That is what the machine has free, or all that a container or a service may take (cgroups, version 2)
    where that is less. `cgroups` is where these are mounted, `own` names those of this process.
    """
    import psutil

    free_bytes = psutil.virtual_memory().available
    lines = own.read_text().splitlines() if own.exists() else []
    for group in (cgroups / line.removeprefix("0::/") for line in lines if line.startswith("0::")):
        for folder in (group, *group.parents):
            limit = folder / "memory.max"
            if limit.exists() and (said := limit.read_text().strip()).isdigit():
                free_bytes = min(free_bytes, int(said))
    return free_bytes // MIB
