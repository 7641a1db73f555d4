"""The fault run: every way in which a server can misbehave, many times over, by the clock and in flat memory.

`python -m benchmarks.faults`. The shipped settings but for shorter waits and no limit per host. Goals:
every URL ends with its own status by the deadline + 0.5 s; memory grows by at most 100 MB.
"""

import sys
import tempfile
import time
from argparse import ArgumentParser
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks import machine
from wreck_core import params
from wreck_core.ingest.crew import Assignment, Threads
from wreck_core.ingest.pool import fetch_all
from wreck_core.ingest.rows import Job, Row
from wreck_core.ingest.urls import host_of, normalise, url_id
from wreck_core.layout import Layout

ROOT = Path(__file__).resolve().parents[1]
LATEST_S, MOST_MB = 0.5, 100.0

sys.path.insert(0, str(ROOT / "tests" / "support"))


def run(rounds: int, deadline_s: float) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Ask for every fault `rounds` times: one row per kind of fault, and the figures of the whole run."""
    from bad_web import EXPECTED, WEB, bad_web

    shipped = params.load(ROOT / "params.yaml").scrape
    scrape = shipped.model_copy(
        update={"deadline_s": deadline_s, "read_timeout_s": deadline_s / 5, "backoff_s": 0.1}
        | {"per_host": shipped.threads, "breaker": 1_000_000}
    )
    urls = [normalise(f"{WEB}{name}?{number}") for number in range(rounds) for name in EXPECTED]
    names = {url_id(url): name for url, name in zip(urls, list(EXPECTED) * rounds, strict=True)}
    rows: dict[str, list[Row]] = defaultdict(list)
    server = bad_web()
    with tempfile.TemporaryDirectory() as folder:
        mirrors = ((WEB, f"http://127.0.0.1:{server.port}/"),)
        before_mb, began = machine.peak_rss_mb(), time.perf_counter()
        jobs = (Job(url_id(url), url, host_of(url)) for url in urls)
        with closing(Threads(Assignment(scrape, Layout(Path(folder)), mirrors))) as crew:
            for batch in fetch_all(jobs, crew):
                for row in batch:
                    rows[names[row.url_id]].append(row)
        seconds = time.perf_counter() - began
    table = [_sum_up(name, rows[name], EXPECTED[name]) for name in EXPECTED]
    about = {
        "urls": len(urls),
        "deadline_s": deadline_s,
        "seconds": round(seconds, 1),
        "slowest_s": max(row["slowest_s"] for row in table),
        "peak_growth_mb": round(machine.peak_rss_mb() - before_mb, 1),
        "wrong": sum(row["wrong"] for row in table),
    }
    return table, about


def _sum_up(name: str, rows: list[Row], expected: str) -> dict[str, Any]:
    return {
        "fault": name,
        "status": expected,
        "wrong": sum(row.status != expected for row in rows),
        "slowest_s": max(row.ms for row in rows) / 1000,
    }


def main() -> int:
    """Measure, and say whether the goals are met."""
    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--deadline", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows, figures = run(asked.rounds, asked.deadline)
    machine.show(rows, machine.describe("requests", "urllib3") | figures, as_json=asked.json)
    in_time = figures["slowest_s"] <= asked.deadline + LATEST_S
    return 0 if in_time and figures["peak_growth_mb"] <= MOST_MB and not figures["wrong"] else 1


if __name__ == "__main__":
    sys.exit(main())
