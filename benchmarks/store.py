"""What the one-directory store costs in DVC, at several sizes.

`python -m benchmarks.store [--files N …]`. Each size is a new git and DVC repository with as many distinct
files below `data/images/ab/`, as scrape leaves them: what adding, asking, adding one more and checking out
take, the size of the list that DVC keeps of them (a new one for each version), and what git holds.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks import machine

SIZES = (1_000, 10_000, 100_000)
FILE_BYTES = 4096
DVC = [sys.executable, "-m", "dvc"]


def fill(folder: Path, numbers: range) -> None:
    """Store a file of its own for each number, named by its hash."""
    for number in numbers:
        data = number.to_bytes(8) * (FILE_BYTES // 8)
        name = sha256(data).hexdigest()
        path = folder / name[:2] / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def seconds(root: Path, *words: str) -> float:
    """Run a command and give its wall time."""
    with machine.measured() as cost:
        subprocess.run(words, cwd=root, check=True, capture_output=True)
    return cost.seconds


def measure(root: Path, count: int) -> dict[str, Any]:
    """Measure one size in an empty folder."""
    config = Path(__file__).resolve().parents[1] / ".dvc" / "config"
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run([*DVC, "init", "-q"], cwd=root, check=True)
    shutil.copy(config, root / ".dvc" / "config")
    images = root / "data" / "images"
    fill(images, range(count))
    row: dict[str, Any] = {"files": count}
    row["add_s"] = seconds(root, *DVC, "add", "-q", "data/images")
    row["status_s"] = seconds(root, *DVC, "status", "-q")
    fill(images, range(count, count + 1))
    row["add_one_s"] = seconds(root, *DVC, "add", "-q", "data/images")
    row["list_s"] = seconds(root, "find", "data/images", "-type", "f")
    shutil.rmtree(images)
    row["checkout_s"] = seconds(root, *DVC, "checkout", "-q")
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)
    row["in_git_bytes"] = (root / "data" / "images.dvc").stat().st_size
    lists = list((root / ".dvc" / "cache").rglob("*.dir"))
    row["dvc_list_mb"] = max(path.stat().st_size for path in lists) / 1e6
    row["disk_mb"] = _disk_mb(images) + _disk_mb(root / ".dvc" / "cache")
    row["data_mb"] = (count + 1) * FILE_BYTES / 1e6
    return row


def _disk_mb(folder: Path) -> float:
    blocks = sum(entry.stat().st_blocks for path, _, _ in os.walk(folder) for entry in os.scandir(path))
    return blocks * 512 / 1e6


def main() -> int:
    """Measure every size and print the table."""
    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = []
    for count in asked.files:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(Path(folder), count))
    machine.show(rows, machine.describe("dvc"), as_json=asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
