"""prune: delete what only interrupted or long past runs left behind; nothing that a result rests on."""

import glob
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from wreck_core import files
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.summary import Summary

_DAY_S = 86_400
_YOUNG_S = 3_600  # a temporary file of this age may still be written


def run(params: Params, layout: Layout, days: int) -> Summary:
    """Delete logs, feature stores and trials of the seed split that were unused for `days`.

    Stray temporary files and checkpoints of rows that left go at once.

    Pictures, labels, models and DVC's cache stay. Raises BusyError while a night runs.
    """
    with files.locked(layout.locks, "nightly"):
        now = time.time()
        before = now - days * _DAY_S
        found = {
            "logs": list(_old(layout.logs, before)),
            "temporary files": list(_stray(layout, now - _YOUNG_S)),
            "checkpoints": [*_left(params, layout), *_old(layout.checkpoints, before, "seed_split@*")],
            "feature stores": list(_unused(layout.features, before)),
        }
        freed = {what: sum(_remove(path) for path in paths) for what, paths in found.items()}
    return Summary(
        headline=f"freed {sum(freed.values()) / 1e6:.1f} MB",
        rows=tuple((what, len(paths)) for what, paths in found.items()),
        notes=("older versions in DVC's cache are DVC's own: see `dvc gc --help`",),
        data={what: [layout.relative(path) for path in paths] for what, paths in found.items()},
    )


def _old(folder: Path, before: float, pattern: str = "*") -> Iterator[Path]:
    for path in sorted(folder.glob(pattern)):
        if max((below.lstat().st_mtime for below in (path, *path.rglob("*"))), default=before) < before:
            yield path


def _stray(layout: Layout, before: float) -> Iterator[Path]:
    for folder in (layout.root / "data", layout.models, layout.reports):
        for path in sorted(folder.rglob(".*.tmp")):
            if path.lstat().st_mtime < before:
                yield path


def _left(params: Params, layout: Layout) -> Iterator[Path]:
    for path in sorted(layout.checkpoints.glob("train@*")):
        if path.name.removeprefix("train@") not in params.backbones:
            yield path


def _unused(features: Path, before: float) -> Iterator[Path]:
    """Find the stores that no training opened: of rows that are gone, and of earlier weights and versions."""
    for store in sorted(features.glob("*.db")):
        if store.stat().st_mtime < before:
            yield from sorted(features.glob(f"{glob.escape(store.stem)}.*"))


def _remove(path: Path) -> int:
    """Delete a file or a folder; give its bytes."""
    if not path.is_dir():
        size = path.lstat().st_size
        path.unlink()
        return size
    size = sum(below.lstat().st_size for below in path.rglob("*") if not below.is_dir())
    shutil.rmtree(path)
    return size
