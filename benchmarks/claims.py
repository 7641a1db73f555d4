"""How the label store grows: claims at 1,000 and a million tasks, readings at 100,000 labels, in one run.

`python -m benchmarks.claims`. The goal: a claim among a million tasks takes at most twice as long as among a
thousand, by the median; else it exits with 1. A claim is measured with its commit to the disk.
"""

import statistics
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

from benchmarks import machine
from wreck_core.labeling.records import Answer, Import
from wreck_core.labeling.store import Store

FEW, MANY = 1_000, 1_000_000
CLAIMS = 400
MOST_GROWTH = 2.0


def main() -> int:
    """Measure, and say whether the goal is met."""
    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("--tasks", type=int, default=MANY)
    parser.add_argument("--labels", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    return run(asked.tasks, asked.labels, as_json=asked.json)


def run(tasks: int, labels: int, *, as_json: bool) -> int:
    """Measure with so many tasks and labels, print, and give the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        stores = [Store(Path(folder) / f"{count}.db") for count in (FEW, tasks)]
        for store, count in zip(stores, (FEW, tasks), strict=True):
            store.enqueue([(_name(at), at % 977 / 977) for at in range(count)], "primary", "random")
        few_ms, many_ms = _alternating(*stores)
        reading = stores[1]
        given = [Import(_name(at), "damaged") for at in range(labels)]
        reading.import_labels("list:a", given, "2026-01-02T03:04:05Z")
        rows = [
            {"what": f"claim, {FEW:,} tasks", "p50_ms": _p(few_ms, 50), "p95_ms": _p(few_ms, 95)},
            {"what": f"claim, {tasks:,} tasks", "p50_ms": _p(many_ms, 50), "p95_ms": _p(many_ms, 95)},
            _timed(f"counts, {tasks:,} tasks", lambda: reading.counts("primary")),
            _timed(f"current_labels, {labels:,} labels", reading.current_labels),
        ]
        for store in stores:
            store.close()
    growth = _p(many_ms, 50) / _p(few_ms, 50)
    machine.show(rows, machine.describe() | {"growth": f"{growth:.2f}"}, as_json=as_json)
    return 0 if growth <= MOST_GROWTH else 1


def _alternating(few: Store, many: Store) -> tuple[list[float], list[float]]:
    """Claim and answer in turns, so that a busy moment meets both; milliseconds of the claims alone."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(CLAIMS):
        for store, spans in zip((few, many), times, strict=True):
            began = time.perf_counter()
            (task,) = store.claim("ann", "primary")
            spans.append(1000 * (time.perf_counter() - began))
            store.answer(task, "ann", Answer("damaged"))
    return times


def _timed(what: str, read: Callable[[], object]) -> dict[str, object]:
    spans = []
    for _ in range(5):
        began = time.perf_counter()
        read()
        spans.append(1000 * (time.perf_counter() - began))
    return {"what": what, "p50_ms": _p(spans, 50), "p95_ms": _p(spans, 95)}


def _p(spans: list[float], percent: int) -> float:
    return statistics.quantiles(spans, n=100, method="inclusive")[percent - 1]


def _name(number: int) -> str:
    return f"{number:064x}"


if __name__ == "__main__":
    sys.exit(main())
