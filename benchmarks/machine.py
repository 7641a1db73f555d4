"""On what a figure was measured, and how it is shown."""

import json
import os
import platform
import resource
import textwrap
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

_LINE_CHARS = 100


@dataclass
class Cost:
    """What a block of code took: wall seconds and CPU seconds, of its child processes too."""

    seconds: float = 0.0
    cpu_s: float = 0.0


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure the block."""
    cost, began, cpu_began_s = Cost(), time.perf_counter(), _cpu_s()
    yield cost
    cost.seconds, cost.cpu_s = time.perf_counter() - began, _cpu_s() - cpu_began_s


def _cpu_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_rss_mb(who: int = resource.RUSAGE_SELF) -> float:
    """Peak resident memory in MB of this process, or (RUSAGE_CHILDREN) of its largest child that ended."""
    return resource.getrusage(who).ru_maxrss * 1024 / 1e6


def describe(*packages: str) -> dict[str, str]:
    """Tell the machine and the versions of packages."""
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": f"{os.cpu_count()} x {model[0].partition(': ')[2] if model else platform.machine()}",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }


def show(rows: Iterable[Mapping[str, Any]], about: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the rows as a table, or all of it as JSON."""
    table = list(rows)
    if as_json:
        print(json.dumps({"about": about, "rows": table}, indent=2))
        return
    facts = "; ".join(f"{name} {value}" for name, value in about.items())
    print(textwrap.fill(facts, _LINE_CHARS, break_long_words=False, break_on_hyphens=False))
    show_table(table)


def show_table(table: Sequence[Mapping[str, Any]]) -> None:
    """Print rows of the same columns, aligned."""
    cells = [list(table[0]), *([_cell(value) for value in row.values()] for row in table)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
