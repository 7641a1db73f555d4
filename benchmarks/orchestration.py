"""What orchestration costs beside the work: a night with nothing to do, trainings side by side, a row more.

`python -m benchmarks.orchestration [--photos N] [--rounds N]`. One workspace of drawn photos on loopback, all
in one run: `dvc status` and a bare `dvc repro` against the flows when nothing changed; three equal trainings,
anew each time, by `dvc repro` and by the flow one, two and three at once; and what one more row costs when it
does not train. Goal: the experiment with nothing to do within 3 s of `dvc status`, else it exits with 1.
"""

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from benchmarks import machine
from wreck_core import images
from wreck_core.cli.clone import clone
from wreck_core.layout import Layout
from wreck_core.sample import draw
from wreck_core.sample.mirror import mirror

MOST_BEYOND_STATUS_S = 3.0
ORIGIN = "https://photos.example/"
ROW = {"builder": "scratch_cnn", "weights": "none", "epochs": 4, "input_px": 64}
SERIAL, MORE = 3, 6  # rows that train, and rows that are added
FLOWS, DVC = (sys.executable, "-m", "flows"), (sys.executable, "-m", "dvc")


def seconds(root: Path, *words: str) -> float:
    """Run a command that must succeed and give its wall time."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with machine.measured() as cost:
        subprocess.run(words, cwd=root, env=os.environ | {"PATH": path}, check=True, capture_output=True)
    return cost.seconds


def prepare(root: Path, photos: Path, many: int) -> Layout:
    """Make a workspace with `many` drawn photos in its list, half of them damaged."""
    layout = Layout(root)
    clone(root, "benchmark", afresh=True)
    for shipped in layout.url_lists.iterdir():
        shipped.unlink()
    lines = ["url,label"]
    for seed in range(many):
        (photos / f"{seed}.jpg").write_bytes(images.encode(draw.draw_car(seed, damaged=seed % 2 == 1), "jpg"))
        lines.append(f"{ORIGIN}{seed}.jpg,{('undamaged', 'damaged')[seed % 2]}")
    (layout.url_lists / "photos.csv").write_text("\n".join(lines) + "\n")
    give_rows(layout, {"row_0": ROW})
    return layout


def give_rows(layout: Layout, rows: Mapping[str, Any], **train: Any) -> None:
    """Put these rows on the board; every training on one thread, that two can have a core each."""
    raw = yaml.safe_load(layout.params.read_text())
    raw["backbones"], raw["ensembles"] = dict(rows), {}
    raw["train"] |= {"threads": 1, **train}
    raw["report"] |= {"min_auc": 0.0, "bootstrap": 200}
    layout.params.write_text(yaml.safe_dump(raw, sort_keys=False))


def nothing_to_do(root: Path, rounds: int, night: tuple[str, ...]) -> list[dict[str, Any]]:
    """Time, in turns, each way to find out that all is up to date."""
    ways = {
        "dvc status": (*DVC, "status", "-q"),
        "dvc repro": (*DVC, "repro", "-q"),
        "flows experiment": (*FLOWS, "experiment"),
        "flows nightly (lists asked for again, Prefect started)": night,
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, words in ways.items():
            took[name].append(seconds(root, *words))
    status, repro = median(took["dvc status"]), median(took["dvc repro"])
    return [
        {"nothing to do": name, "s": at, "beyond dvc status, s": at - status, "times dvc repro": at / repro}
        for name, at in ((name, median(times)) for name, times in took.items())
    ]


def trainings(layout: Layout) -> list[dict[str, Any]]:
    """Train three equal rows anew by each way; a new seed makes all of them stale."""
    names = [f"row_{number}" for number in range(SERIAL)]
    ways = {"dvc repro": (*DVC, "repro", "-q")}
    for many in (1, 2, 3):
        ways[f"flows experiment --jobs {many}"] = (*FLOWS, "experiment", "--jobs", str(many))
    rows: list[dict[str, Any]] = []
    for seed, (name, words) in enumerate(ways.items(), 100):
        give_rows(layout, dict.fromkeys(names, ROW), seed=seed)
        took = seconds(layout.root, *words)
        serial = rows[0]["s"] if rows else took
        rows.append({"three trainings": name, "s": took, "times dvc repro": took / serial})
    return rows


def one_more(layout: Layout) -> dict[str, Any]:
    """Add rows, train them once, and see what each adds when there is nothing to do."""
    before = {name: seconds(layout.root, *words) for name, words in QUICK.items()}
    names = [f"row_{number}" for number in range(SERIAL + MORE)]
    give_rows(layout, dict.fromkeys(names, ROW))  # the seed stays: only the new ones train
    seconds(layout.root, *FLOWS, "experiment", "--jobs", "2")
    after = {name: seconds(layout.root, *words) for name, words in QUICK.items()}
    return {"a row more, nothing to do": "s a row"} | {
        name: (after[name] - before[name]) / MORE for name in QUICK
    }


QUICK = {"dvc status": (*DVC, "status", "-q"), "flows experiment": (*FLOWS, "experiment")}


def main() -> int:
    """Measure, and say whether the goal is met."""
    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("--photos", type=int, default=80)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    print("; ".join(f"{name} {value}" for name, value in machine.describe("prefect", "dvc").items()))
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder) / "photos"
        photos.mkdir()
        layout = prepare(Path(folder) / "workspace", photos, asked.photos)
        with mirror(photos) as address:
            night = (*FLOWS, "nightly", "--map", f"{ORIGIN}={address}")
            seconds(layout.root, *night)
            idle = nothing_to_do(layout.root, asked.rounds, night)
        machine.show_table(idle)
        machine.show_table(trainings(layout))
        machine.show_table([one_more(layout)])
    return 0 if idle[2]["beyond dvc status, s"] <= MOST_BEYOND_STATUS_S else 1


if __name__ == "__main__":
    sys.exit(main())
