"""Whether memory stays flat from a thousand to a million URLs, and what a scrape of many takes end to end.

`python -m benchmarks.scale plan` reads synthetic lists, plans them in chunks, records an end for each URL,
and writes candidates.parquet, each size in a process of its own. `python -m benchmarks.scale scrape` fetches
100,000 distinct small pictures from a server on loopback. A goal of `plan`: the peak of the largest size
is at most 150 MB above that of the smallest, else it exits with 1.
"""

import hashlib
import json
import resource
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import machine, web
from wreck_core import params
from wreck_core.ingest.lanes import Lanes
from wreck_core.ingest.ledger import Ledger
from wreck_core.ingest.picture import Picture
from wreck_core.ingest.rows import Job, Row
from wreck_core.layout import Layout
from wreck_core.stages import scrape, scrape_parts
from wreck_core.stages.scrape import ScrapeRequest

ROOT = Path(__file__).resolve().parents[1]
SIZES = (1_000, 10_000, 100_000, 1_000_000)
MOST_GROWTH_MB = 150.0
SIDE_PX = 96


def write_list(layout: Layout, count: int, port: int = 80) -> Path:
    """Write a list of as many URLs of a few hosts."""
    path = layout.root / "list.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("url,license\n")
        file.writelines(f"{web.url(number, port)},CC0\n" for number in range(count))
    return path


def ended(job: Job) -> Row:
    """Make up how a URL ended: with a picture of its own."""
    digest = hashlib.sha256(job.url.encode())
    picture = Picture(digest.hexdigest(), 5000, "jpeg", 96, 72, 120.0, 50.0, digest.digest(), digest.digest())
    return Row(
        job.url_id, job.host, "ok", "", 200, job.url, None, None, 1, 5, "2026-01-01T00:00:00Z", picture
    )


def chunks(plan: Lanes) -> Iterator[list[Job]]:
    """Take all chunks of two lanes, one after the other."""
    while found := [chunk for lane in range(2) if (chunk := plan.take(lane))]:
        for chunk in found:
            yield chunk
            plan.finish(chunk)


def plan(layout: Layout, count: int) -> dict[str, Any]:
    """Take one size through all that holds URLs but the fetching."""
    settings = params.load(layout.params)
    request = ScrapeRequest((write_list(layout, count),))
    with (
        machine.measured() as planning,
        scrape_parts.planned(settings, layout, request, 2) as lanes,
        Ledger(layout.ledger) as ledger,
    ):
        for chunk in chunks(lanes):
            ledger.record([ended(job) for job in chunk])
    after_plan_mb = machine.peak_rss_mb()
    with machine.measured() as writing:
        summary = scrape_parts.finish(settings, layout)
    assert summary.data["statuses"] == {"ok": count}  # noqa: S101 - a wrong figure would be worse
    return {
        "urls": count,
        "plan_and_record_s": planning.seconds,
        "candidates_s": writing.seconds,
        "peak_plan_mb": after_plan_mb,
        "peak_mb": machine.peak_rss_mb(),
        "ledger_mb": layout.ledger.stat().st_size / 1e6,
        "candidates_mb": layout.candidates.stat().st_size / 1e6,
    }


def fetch(layout: Layout, count: int) -> dict[str, Any]:
    """Scrape one list from loopback, end to end."""
    settings = params.load(layout.params)
    with web.serving(side_px=SIDE_PX) as port:
        settings.scrape.ports.append(port)
        request = ScrapeRequest((write_list(layout, count, port),), allow_private=True)
        with machine.measured() as cost:
            summary = scrape.run(settings, layout, request)
        peak_child_mb = machine.peak_rss_mb(resource.RUSAGE_CHILDREN)  # the server has not ended yet
    assert summary.data["images"] == count, summary.headline  # noqa: S101 - as above
    return {
        "urls": count,
        "seconds": cost.seconds,
        "images_per_s": count / cost.seconds,
        "images_per_cpu_s": count / cost.cpu_s,
        "peak_mb": machine.peak_rss_mb(),
        "peak_child_mb": peak_child_mb,
        "ledger_mb": layout.ledger.stat().st_size / 1e6,
        "candidates_mb": layout.candidates.stat().st_size / 1e6,
    }


def apart(what: str, count: int) -> dict[str, Any]:
    """Measure one size in a process of its own, so that its peak is its own."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "benchmarks.scale", what, "--inside", folder, "--urls", str(count)]
        done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def main() -> int:
    """Measure, and say whether the goal is met."""
    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("what", choices=("plan", "scrape"))
    parser.add_argument("--urls", type=int, nargs="+")
    parser.add_argument("--inside", help="work here, on one size, and print it as JSON")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.inside:
        layout = Layout(Path(asked.inside))
        layout.params.write_text((ROOT / "params.yaml").read_text())
        print(json.dumps((plan if asked.what == "plan" else fetch)(layout, asked.urls[0])))
        return 0
    rows = [
        apart(asked.what, count) for count in asked.urls or (SIZES if asked.what == "plan" else [100_000])
    ]
    machine.show(rows, machine.describe("pyarrow", "opencv-python"), as_json=asked.json)
    return int(asked.what == "plan" and rows[-1]["peak_mb"] - rows[0]["peak_mb"] > MOST_GROWTH_MB)


if __name__ == "__main__":
    sys.exit(main())
