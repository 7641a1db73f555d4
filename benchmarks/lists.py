"""100,000 hostile lines into a new ledger: seconds and peak memory.

`python -m benchmarks.lists [--lines N]`. Goals for 100,000: under 3 s and 200 MB, else it exits with 1.
"""

import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from benchmarks import machine
from wreck_core.ingest import reading
from wreck_core.ingest.ledger import Ledger

MOST_S, MOST_MB = 3.0, 200.0
# A third cannot be read as text, and one line is of 10 MB.
KINDS = (
    b"http://host%d.example/a.jpg",
    b"http://host.example/nul\0%d.jpg",
    b"https://user:pass@host.example/%d?token=secret",
    b"http://host.example/\xff%d.jpg",
    "http://host.example/\u2028%d.jpg".encode(),
    b"javascript:alert(%d)",
)


def main() -> int:
    """Measure, and say whether the goals are met."""
    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.txt"
        with path.open("wb") as file:
            for number in range(asked.lines):
                long = number == 500
                file.write((b"x" * 10_000_000 if long else KINDS[number % len(KINDS)] % number) + b"\n")
        with Ledger(Path(folder) / "ledger.db") as ledger, machine.measured() as cost:
            reading.read(ledger, [path], Path(folder))
    peak_mb = machine.peak_rss_mb()
    row = {"lines": asked.lines, "seconds": cost.seconds, "cpu_s": cost.cpu_s, "peak_rss_mb": peak_mb}
    machine.show([row], machine.describe(), as_json=asked.json)
    return 0 if cost.seconds < MOST_S and peak_mb < MOST_MB else 1


if __name__ == "__main__":
    sys.exit(main())
