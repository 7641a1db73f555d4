"""A workspace under test: its photos, its list, and the commands that a user gives in it."""

import csv
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import commands
import yaml

from wreck_core import images
from wreck_core.layout import Layout
from wreck_core.sample import draw

REPOSITORY = Path(__file__).resolve().parents[2]
PHOTOS = 200
ORIGIN = "https://photos.example/"


@dataclass
class Job:
    """A workspace under test and the commands that a user gives in it."""

    layout: Layout
    mirror: str  # the --map option that reads the photos from loopback

    def run(self, *words: str, timeout_s: float = 550) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever its exit code."""
        return commands.run(self.layout.root, *words, timeout_s=timeout_s)

    def do(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command that must succeed."""
        done = self.run(*words)
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command in a process group of its own, so that all of it can be killed."""
        return commands.start(self.layout.root, *words)

    def edit_params(self, change: Callable[[dict], None]) -> None:
        """Change params.yaml in place, as with an editor."""
        raw = yaml.safe_load(self.layout.params.read_text())
        change(raw)
        self.layout.params.write_text(yaml.safe_dump(raw, sort_keys=False))


def gather_photos(folder: Path, count: int = PHOTOS) -> list[tuple[str, str]]:
    """Lay photos and a few unlabelled ones into `folder`: (name, label) pairs, '' where there is none."""
    reference = REPOSITORY.parent / "shared" / "data" / "wreck_images"
    rows = []
    for kind, label in (("positives", "damaged"), ("negatives", "undamaged")):
        (folder / kind).mkdir(parents=True)
        if reference.is_dir():
            for path in sorted((reference / kind).iterdir())[: count // 2 + 5]:
                (folder / kind / path.name).write_bytes(path.read_bytes())
        else:
            for seed in range(count // 2 + 5):
                picture = draw.draw_car(seed, damaged=label == "damaged")
                (folder / kind / f"{seed}.jpg").write_bytes(images.encode(picture, "jpg"))
        names = sorted(path.name for path in (folder / kind).iterdir())
        rows += [(f"{kind}/{name}", label if at < count // 2 else "") for at, name in enumerate(names)]
    return rows


def write_list(path: Path, rows: list[tuple[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["url", "label"])
        writer.writerows((ORIGIN + name, label) for name, label in rows)


def small_board(raw: dict) -> None:
    raw["backbones"] = {
        "efficientnet_lite0": {"weights": "imagenet"},
        "scratch_cnn": {"weights": "none", "epochs": 3, "input_px": 64},
    }
    raw["report"] |= {"bootstrap": 300, "min_auc": 0.5}
    raw["nightly"]["retry_wait_s"] = 0.0
