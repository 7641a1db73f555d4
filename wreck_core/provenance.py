"""What a result was made from: fingerprints of params, data and code, the git commit, the data revision.

DVC writes params and dependencies into dvc.lock *after* a command, so an edit during a run makes
the lock lie (treeverse/dvc#11058). A stage therefore takes its fingerprint when it starts and
leaves it in its JSON file; whoever holds both can tell whether the inputs moved meanwhile.
"""

import hashlib
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from wreck_core import files
from wreck_core.errors import InputError
from wreck_core.layout import Layout
from wreck_core.params import read_raw

Fingerprint = dict[str, str]

CODE_FOLDERS = ("wreck_core", "scripts")


def fingerprint(layout: Layout, stage: str) -> Fingerprint:
    """Hash what the stage of dvc.yaml depends on: {"params": sha, "data": sha, "code": sha}.

    `stage` is DVC's name of it, such as "dedup" or "train@mobilenet". The same contents give the
    same hashes in any folder and on any machine. Without a dvc.yaml the result is {}.
    Raises InputError when dvc.yaml has no such stage.
    """
    if not layout.dvc_yaml.exists():
        return {}
    declared = _declared(layout.dvc_yaml, stage)
    deps = sorted(declared.get("deps", []))
    data = [dep for dep in deps if Path(dep).parts[0] not in CODE_FOLDERS]
    return {
        "params": _hash_params(layout, declared.get("params", [])),
        "data": _hash_paths(layout.root, data),
        "code": code(layout, stage),
    }


def code(layout: Layout, stage: str) -> str:
    """Hash the code that the stage of dvc.yaml depends on; '' without a dvc.yaml."""
    if not layout.dvc_yaml.exists():
        return ""
    deps = sorted(_declared(layout.dvc_yaml, stage).get("deps", []))
    return _hash_paths(layout.root, [dep for dep in deps if Path(dep).parts[0] in CODE_FOLDERS])


def recorded(layout: Layout, stage: str) -> Fingerprint:
    """Give the fingerprint that the last run of `stage` left in its JSON file, or {}."""
    name, _, backbone = stage.partition("@")
    homes = {
        "dedup": layout.dedup_json,
        "dataset": layout.dataset_json,
        "train": layout.model(backbone) / "metrics.json",
        "report": layout.report_json,
    }
    home = homes.get(name)
    if home is None or not home.exists():
        return {}
    left: Fingerprint = files.read_json(home).get("fingerprint", {})
    return left


def moved(layout: Layout, stage: str) -> list[str]:
    """Name the inputs (params, data, code) that differ from those the last run of `stage` started with."""
    start = recorded(layout, stage)
    if not start:
        return []
    now = fingerprint(layout, stage)
    return [part for part in now if now[part] != start.get(part)]


def git_sha(root: Path) -> str:
    """Give the commit that is checked out at `root`, 40 hex digits, or '' outside git."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            ["git", "-C", str(root), "rev-parse", "--verify", "--quiet", "HEAD"],  # noqa: S607 - git lies on PATH
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:  # a machine without git still trains
        return ""
    return done.stdout.strip()


def data_rev(layout: Layout) -> str:
    """Give the revision of the training data: the first 12 hex digits of the manifest's sha256, or ''."""
    if not layout.manifest.exists():
        return ""
    return hashlib.sha256(layout.manifest.read_bytes()).hexdigest()[:12]


def _declared(dvc_yaml: Path, stage: str) -> dict[str, Any]:
    """Give what dvc.yaml says of one stage, with `foreach` stages filled in."""
    stages = yaml.safe_load(dvc_yaml.read_text(encoding="utf-8"))["stages"]
    name, _, key = stage.partition("@")
    if name not in stages:
        raise InputError(f"there is no stage {stage}", where=str(dvc_yaml))
    body = stages[name].get("do", stages[name])
    filled: dict[str, Any] = json.loads(json.dumps(body).replace("${key}", key))
    return filled


def _hash_params(layout: Layout, names: Iterable[str]) -> str:
    raw = read_raw(layout.params)
    values = {name: _lookup(raw, name) for name in sorted(names)}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _lookup(raw: dict[str, Any], dotted: str) -> Any:
    value: Any = raw
    for part in dotted.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _hash_paths(root: Path, relative: Iterable[str]) -> str:
    """Hash names and contents of files and folders below `root`; a missing one counts by its name."""
    total = hashlib.sha256()
    for name in relative:
        for path in _files_below(root / name):
            total.update(f"{path.relative_to(root).as_posix()}\0".encode())
            if path.is_file():
                with path.open("rb") as handle:
                    total.update(hashlib.file_digest(handle, "sha256").digest())
    return total.hexdigest()


def _files_below(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    inside = (below for below in path.rglob("*") if below.is_file())
    return sorted(
        below for below in inside if "__pycache__" not in below.parts and not below.name.endswith(".tmp")
    )
