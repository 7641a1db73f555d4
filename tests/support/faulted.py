"""A workspace before each command of the pipeline; what holds of it after a fault, and after the next run."""

import hashlib
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import answered
import pandas as pd
import pytest
import yaml
from dvc.repo import Repo
from faulty import Commands, Run
from pages import Pages, photo

from wreck_core import provenance
from wreck_core.layout import Layout

REPOSITORY = Path(__file__).resolve().parents[2]
COMMANDS = ["scrape", "labels import", "enqueue", "dedup", "dataset", "report", "labels export", "snapshot"]
ORIGIN = "http://web.example/"
PICTURES = 16
# What differs from run to run: when something was done, and the random names of events.
TIMES = ("fetched_at", "labeled_at")


@dataclass(frozen=True)
class Step:
    """A command, and the workspace before and after it where nothing went wrong."""

    words: tuple[str, ...]
    before: Path
    after: Path
    run: Run


def each_command(few: tuple[str, ...]) -> pytest.MarkDecorator:
    """Give a test each command whole, slowly, and `few` of them with one fault, every day."""
    cases = [pytest.param(name, True) for name in few]
    cases += [pytest.param(name, False, marks=pytest.mark.slow) for name in COMMANDS]
    return pytest.mark.parametrize(("name", "few"), cases)


def steps(folder: Path, web: Pages, commands: Commands) -> Iterator[Step]:
    """Run the pipeline once, a command at a time, keeping every state of the workspace."""
    web.bodies = {f"/{n}.jpg": photo(n) for n in range(PICTURES)}
    state = _start(folder / "0")
    scrape = ("scrape", "list.csv", "--map", "=".join(web.mirror(ORIGIN)))
    chain = [scrape, ("labels", "import", "list.csv"), ("enqueue",), ("dedup",), ("dataset",), ("report",)]
    chain += [("labels", "export"), ("snapshot",), ("takedown", f"{ORIGIN}3.jpg")]
    for number, words in enumerate(chain, 1):
        if words == ("report",):
            state = Path(shutil.copytree(state, folder / "trained", symlinks=True))
            for skill, name in enumerate(("mobilenet", "resnet50")):
                answered.answer(Layout(state), name, 0.4 + skill / 5, roc_auc=0.6)
        work = Path(shutil.copytree(state, folder / str(number), symlinks=True))
        run = commands.run(work, *words)
        assert run.code == 0, f"{words}\n{run.said}"
        yield Step(words, state, work, run)
        state = work


def _start(root: Path) -> Path:
    layout = Layout(root)
    root.mkdir(parents=True)
    shutil.copy(REPOSITORY / ".gitignore", root)
    raw = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
    raw["dataset"] |= {"folds": answered.FOLDS, "test_fraction": 0}
    raw["report"] |= {"bootstrap": 50, "gallery": 1}
    raw["backbones"] = {"mobilenet": {"weights": "imagenet"}, "resnet50": {"weights": "imagenet"}}
    raw["ensembles"] = {}
    layout.params.write_text(yaml.safe_dump(raw, sort_keys=False))
    label = ("damaged", "undamaged")
    lines = ["url,label", *(f"{ORIGIN}{n}.jpg,{label[n % 2]}" for n in range(PICTURES)), f"{ORIGIN}none,"]
    (root / "list.csv").write_text("\n".join(lines) + "\n")
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=root, check=True)
    Repo.init(str(root)).close()
    return root


def events(layout: Layout) -> set[str]:
    """Name every label event on the disk: of the store, or where it is not yet made of the log."""
    if layout.label_db.exists():
        with closing(sqlite3.connect(layout.label_db)) as store:
            return {uid for (uid,) in store.execute("SELECT uid FROM label_event")}
    if layout.label_events.exists():
        return {json.loads(line)["uid"] for line in layout.label_events.read_text().splitlines()}
    return set()


def half_written(layout: Layout) -> list[str]:
    """Name the files under final names that are not whole, and databases that are not sound."""
    found = [
        path
        for path in layout.images.glob("*/[!.]*")
        if hashlib.sha256(path.read_bytes()).hexdigest() != path.stem
    ]
    for path in (*layout.root.glob("data/[!.]*"), *layout.root.glob("reports/[!.]*")):
        if path.is_file() and not _is_whole(path):
            found.append(path)
    return [layout.relative(path) for path in found]


def _is_whole(path: Path) -> bool:
    """Whether a file can be read to its end."""
    try:
        match path.suffix:
            case ".db":
                with closing(sqlite3.connect(path)) as database:
                    return database.execute("PRAGMA quick_check").fetchone() == ("ok",)
            case ".parquet":
                return len(pd.read_parquet(path)) >= 0
            case ".jsonl":
                return all(json.loads(line) for line in path.read_text().splitlines())
            case ".json":
                return yaml.safe_load(path.read_text()) is not None
            case ".csv" | ".md" | ".xml":
                return path.read_text().endswith("\n")
            case ".html":
                return path.read_text().rstrip().endswith("</html>")
            case _:
                return True
    except (ValueError, OSError, sqlite3.Error, yaml.YAMLError):
        return False


def dataset(layout: Layout) -> dict[str, object]:
    """Give what a workspace holds but for times and random names: equal after any faults and a next run."""
    held: dict[str, object] = {
        "files": sorted(
            layout.relative(path)
            for folder in ("data", "models", "reports")
            for path in (layout.root / folder).rglob("*")
            if path.is_file() and not path.name.endswith(("-wal", "-shm"))
        ),
        "data_rev": provenance.data_rev(layout),
    }
    for path in (layout.candidates, layout.duplicates):
        if path.exists():
            held[path.name] = pd.read_parquet(path).drop(columns=list(TIMES), errors="ignore").to_csv()
    for path in (layout.labels, layout.folds, layout.takedowns):
        if path.exists():
            held[path.name] = pd.read_csv(path).drop(columns=[*TIMES, "at"], errors="ignore").to_csv()
    return held


def differing(one: dict[str, object], other: dict[str, object]) -> list[str]:
    """Name what differs between two datasets; of files, those that only one has."""
    names = [name for name in one.keys() | other.keys() if one.get(name) != other.get(name)]
    if "files" in names:
        names += sorted(set(one["files"]) ^ set(other["files"]))
    return names
