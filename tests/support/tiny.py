"""A workspace whose stages have our names and graph but do next to nothing: a real git and DVC repository."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import commands
import yaml
from dvc.repo import Repo

from wreck_core.layout import Layout

REPOSITORY = Path(__file__).resolve().parents[2]

# Each stage writes its JSON file with the fingerprint of its start, as the true ones do.
WORK = """
import json, shutil, sys
from pathlib import Path
import yaml
from wreck_core import provenance
from wreck_core.layout import Layout

stage, home, *outputs = sys.argv[1:]
layout = Layout(Path.cwd())
start = provenance.fingerprint(layout, stage)
row = yaml.safe_load(layout.params.read_text())["backbones"].get(stage.partition("@")[2], {})
if row.get("weights") == "missing":
    sys.exit("error: the weights of this backbone cannot be had")
edits = Path("edits-meanwhile") / stage
if edits.exists():  # somebody edits these files while this stage runs
    shutil.copytree(edits, layout.root, dirs_exist_ok=True)
    shutil.rmtree(edits)
for name in outputs:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(stage)
Path(home).parent.mkdir(parents=True, exist_ok=True)
gates = [{"name": "auc", "ok": not Path("gate-fails").exists(), "says": "the leader has an AUC of .3"}]
more = {} if stage != "report" else {
    "gates": gates, "schema": 1, "images": 1, "positive": "damaged", "predictions": {}, "rows": [],
    "verdict": {"sentence": "alpha is best.", "leader": "alpha"}, "changes": None,
}
Path(home).write_text(json.dumps({"fingerprint": start, "row": row, **more}))
with open("ran.txt", "a") as log:
    log.write(stage + "\\n")
"""

# The training of `alpha` says that it has begun, and stays until the file `go` is there.
HELD = """
import time
Path("begun-" + stage.replace("@", "-")).touch()
while stage == "train@alpha" and not Path("go").exists():
    time.sleep(0.05)
"""


def _stage(name: str, home: str, deps: list[str], params: list[str], output: str) -> dict[str, Any]:
    in_git = output if name == "report" else home
    return {
        "cmd": f"{sys.executable} scripts/work.py {name} {home} {output}",
        "deps": ["scripts/work.py", *deps],
        "params": params,
        "outs": [{path: {"cache": path != in_git}} for path in (output, home)],
    }


STAGES = {
    "dedup": _stage(
        "dedup",
        "data/dedup.json",
        ["data/candidates.parquet", "data/labels.csv"],
        ["dedup"],
        "data/duplicates.parquet",
    ),
    "dataset": _stage(
        "dataset", "data/dataset.json", ["data/duplicates.parquet"], ["dataset"], "data/manifest.parquet"
    ),
    "train": {
        "foreach": "${backbones}",
        "do": _stage(
            "train@${key}",
            "models/${key}/metrics.json",
            ["data/manifest.parquet"],
            ["train", "backbones.${key}"],
            "models/${key}/model.keras",
        ),
    },
    "report": _stage(
        "report",
        "reports/report.json",
        ["models", "data/manifest.parquet"],
        ["backbones"],
        "reports/leaderboard.md",
    ),
}


def build(root: Path) -> Layout:
    """Make the workspace in an empty folder, with two backbones and one committed state."""
    layout = Layout(root)
    for name, text in {
        "scripts/work.py": WORK,
        "dvc.yaml": yaml.safe_dump({"stages": STAGES}, sort_keys=False),
        "data/candidates.parquet": "one picture",
        "data/labels.csv": "sha256,label\n",
        "data/images/ab/abc.jpg": "bytes of a picture",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name in (".gitignore", ".dvcignore", "params.yaml"):
        (root / name).write_text((REPOSITORY / name).read_text())
    edit_params(layout, {"backbones": {"alpha": {"weights": "none"}, "beta": {"weights": "none"}}})
    edit_nightly(layout, retry_wait_s=0.0)
    git(root, "init", "-q", "-b", "main")
    Repo.init(str(root)).close()
    (root / ".dvc" / "config").write_text((REPOSITORY / ".dvc" / "config").read_text())
    git(root, "add", "-A")
    git(root, "-c", "user.name=Test", "-c", "user.email=test@localhost", "commit", "-q", "-m", "start")
    return layout


def edit_params(layout: Layout, change: dict[str, Any]) -> None:
    """Replace sections of params.yaml."""
    raw = yaml.safe_load(layout.params.read_text())
    layout.params.write_text(yaml.safe_dump({**raw, **change}, sort_keys=False))


def edit_nightly(layout: Layout, **changes: Any) -> None:
    """Change keys of the nightly section of params.yaml."""
    edit_params(layout, {"nightly": {**yaml.safe_load(layout.params.read_text())["nightly"], **changes}})


def edit_meanwhile(layout: Layout, stage: str, name: str, text: str) -> None:
    """Let somebody write `text` to the file `name` while the next run of `stage` is at work."""
    edited = layout.root / "edits-meanwhile" / stage / name
    edited.parent.mkdir(parents=True, exist_ok=True)
    edited.write_text(text)


def other_seed(layout: Layout) -> str:
    """Give params.yaml with another seed of the folds."""
    raw = yaml.safe_load(layout.params.read_text())
    raw["dataset"]["seed"] += 1
    return yaml.safe_dump(raw, sort_keys=False)


def hold_training(layout: Layout) -> None:
    """Make the training of `alpha` stay until the file `go` is there; `begun-train-alpha` says it is."""
    work = layout.root / "scripts" / "work.py"
    before = "for name in outputs:"
    work.write_text(work.read_text().replace(before, HELD + before, 1))


def git(root: Path, *words: str) -> str:
    """Run git and give what it prints."""
    return subprocess.run(
        ["git", *words], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


def repro(layout: Layout) -> subprocess.CompletedProcess[str]:
    """Go through the other door."""
    return commands.run(layout.root, "dvc", "repro")


def status(layout: Layout) -> dict[str, Any]:
    """Ask DVC itself what is stale."""
    found: dict[str, Any] = json.loads(commands.run(layout.root, "dvc", "status", "--json").stdout)
    return found


def ran(layout: Layout) -> list[str]:
    """Give the stages that ran, in order, since the last call."""
    log = layout.root / "ran.txt"
    names = log.read_text().split() if log.exists() else []
    log.unlink(missing_ok=True)
    return names
