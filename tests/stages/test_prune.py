import os
import time
from pathlib import Path

import pytest

from wreck_core import files
from wreck_core.errors import BusyError
from wreck_core.stages import prune


def laid(path: Path, days: float = 0.0) -> Path:
    """Lay a file of 1,000 bytes that was last written so many days ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 1000)
    then = time.time() - 86_400 * days
    os.utime(path, (then, then))
    os.utime(path.parent, (then, then))
    return path


def test_only_what_nobody_needs_goes(layout, params):
    gone = [
        laid(layout.logs / "scrape-1.jsonl", 31),
        laid(layout.logs / "2020-nightly" / "report.log", 40),
        laid(layout.images / "ab" / ".abc.jpg.7-8.tmp", 1),
        laid(layout.checkpoints / "train@left_the_board" / "key" / "part0.npz"),
        laid(layout.checkpoints / "seed_split@mobilenet-frozen-29" / "key.npz", 31),
        laid(layout.features / "densenet121-224px-0123-2.21.0.db", 31),
        laid(layout.features / "densenet121-224px-0123-2.21.0.tflite", 2),
    ]
    kept = [
        laid(layout.logs / "scrape-2.jsonl", 29),
        laid(layout.images / "ab" / "abc.jpg", 400),
        laid(layout.images / "ab" / ".new.jpg.7-8.tmp"),
        laid(layout.checkpoints / "seed_split@mobilenet-frozen-30" / "key.npz", 29),
        laid(layout.checkpoints / "train@mobilenet" / "key" / "part0.npz", 400),
        laid(layout.features / "mobilenet_v2-block_12_add-views1-224px-0123-2.21.0.db", 29),
        laid(layout.features / "mobilenet_v2-block_12_add-views1-224px-0123-2.21.0.tflite", 400),
    ]
    summary = prune.run(params, layout, days=30)
    assert [path for path in gone if path.exists()] == []
    assert all(path.exists() for path in kept)
    assert dict(summary.rows) == {"logs": 2, "temporary files": 1, "checkpoints": 2, "feature stores": 2}
    assert summary.headline == "freed 0.0 MB"


def test_a_second_time_there_is_nothing_to_do(layout, params):
    laid(layout.logs / "old.log", 31)
    prune.run(params, layout, days=30)
    assert dict(prune.run(params, layout, days=30).rows) == {
        "logs": 0,
        "temporary files": 0,
        "checkpoints": 0,
        "feature stores": 0,
    }


def test_while_a_night_runs_nothing_is_deleted(layout, params):
    path = laid(layout.logs / "old.log", 31)
    with files.locked(layout.locks, "nightly"), pytest.raises(BusyError):
        prune.run(params, layout, days=30)
    assert path.exists()
