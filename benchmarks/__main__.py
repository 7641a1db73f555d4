"""Every benchmark once, at a moderate size: `python -m benchmarks [NAME …] [--photos DIR] [--weights DIR]`.

Writes docs/benchmarks.md: of each benchmark its command, what it printed, and whether its goals were met. A
benchmark that needs photos is left out, and said so, without `--photos`: a folder of photos with one
folder inside for each of two classes. A name runs that one alone and prints what the page would hold.
"""

import importlib.util
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from benchmarks import machine

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
PHOTOS = "--photos"


@dataclass(frozen=True)
class Benchmark:
    """One module here, its words at a moderate size, and how it is told of photos ('' as a bare word)."""

    module: str
    title: str
    words: tuple[str, ...] = ()
    photos: str | None = None
    needs_photos: bool = False
    weights: bool = False


BENCHMARKS = (
    Benchmark(
        "scrape",
        "Fetching beside img2dataset and plain requests",
        ("--images", "10000", "--threads", "128", "--rounds", "2"),
    ),
    Benchmark("faults", "Fetching from servers that misbehave"),
    Benchmark("lists", "Reading 100,000 hostile lines"),
    Benchmark(
        "dedup", "Duplicates beside imagededup, imagehash and faiss", ("--sizes", "10000", "100000"), PHOTOS
    ),
    Benchmark("label", "From the key to the next picture", photos=""),
    Benchmark("order", "Labels that each order needs", ("--seeds", "3"), PHOTOS, needs_photos=True),
    Benchmark(
        "train", "Training beside the seed notebook's recipe", ("--many", "300"), PHOTOS, True, weights=True
    ),
    Benchmark("train", "A second night", ("--nights", "frozen"), PHOTOS, True, weights=True),
    Benchmark("predict", "Answers beside keras predict and tf.function", photos=PHOTOS),
    Benchmark("report", "The report of many pictures", ("--pictures", "20000")),
    Benchmark("orchestration", "Flows beside bare dvc repro", ("--rounds", "3")),
    Benchmark("store", "One directory of pictures in DVC", ("--files", "1000", "10000")),
)


def main() -> int:
    """Run what is asked for; 1 when a goal was missed or a benchmark failed."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help=f"of {', '.join(one.module for one in BENCHMARKS)}"
    )
    parser.add_argument("--photos", type=Path, metavar="DIR")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="folder with <backbone>.weights.h5")
    asked = parser.parse_args()
    unknown = set(asked.names) - {one.module for one in BENCHMARKS}
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    sections, missed = [], []
    for benchmark in BENCHMARKS:
        if asked.names and benchmark.module not in asked.names:
            continue
        met, section = run(benchmark, asked)
        print(section, flush=True)
        sections.append(section)
        missed += [] if met else [benchmark.module]
    if not asked.names:
        PAGE.write_text(page(sections), encoding="utf-8")
        print(f"Wrote {PAGE.relative_to(ROOT)}")
    if missed:
        print(f"Missed: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


def run(benchmark: Benchmark, asked: Namespace) -> tuple[bool, str]:
    """Run one benchmark; give whether it met its goals, and its section of the page."""
    head = f"## {benchmark.title}\n\n{about(benchmark.module)}"
    if benchmark.needs_photos and asked.photos is None:
        return True, f"{head}\n\nLeft out: it needs photos (`--photos DIR`).\n"
    words = [f"benchmarks.{benchmark.module}", *benchmark.words, *_photos(benchmark, asked)]
    shown = ["python", "-m", *(("DIR" if word.startswith("/") else word) for word in words)]
    began = perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    ending = (
        "goals met" if done.returncode == 0 else f"**goal missed or failed** (exit code {done.returncode})"
    )
    told = done.stdout.strip() or done.stderr.strip()[-2000:]
    parts = [head, f"`{' '.join(shown)}`, {perf_counter() - began:.0f} s: {ending}.", f"```text\n{told}\n```"]
    return done.returncode == 0, "\n\n".join(parts) + "\n"


def _photos(benchmark: Benchmark, asked: Namespace) -> Iterator[str]:
    if asked.photos is not None and benchmark.photos is not None:
        yield from filter(None, (benchmark.photos, str(asked.photos.resolve())))
    if asked.weights is not None and benchmark.weights:
        yield from ("--weights", str(asked.weights.resolve()))


def about(module: str) -> str:
    """Give the first sentence of a benchmark's own words, without importing it."""
    spec = importlib.util.find_spec(f"benchmarks.{module}")
    source = Path(str(spec and spec.origin)).read_text(encoding="utf-8")
    return source.split('"""')[1].split("\n\n")[0].replace("\n", " ").strip()


def page(sections: list[str]) -> str:
    """Give the page: on what it was measured, then every benchmark."""
    facts = machine.describe("numpy", "opencv-python", "tensorflow", "dvc", "prefect")
    gigabytes = int(Path("/proc/meminfo").read_text().split()[1]) / 1e6
    facts = {"measured": f"{datetime.now(UTC):%Y-%m-%d}", "memory": f"{gigabytes:.0f} GB", **facts}
    head = (
        "# Benchmarks\n\nWritten by `make bench`. Times of one table come from one run and are for comparing "
        "within it: another machine, or a busy one, moves all of them. More, and larger: "
        "[duplicates](benchmarks/dedup.md), [scale](scale.md).\n\n"
    )
    head += "\n".join(f"- {name}: {value}" for name, value in facts.items())
    return "\n\n".join([head, *sections])


if __name__ == "__main__":
    sys.exit(main())
