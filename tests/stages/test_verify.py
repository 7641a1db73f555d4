import hashlib
import sys
from pathlib import Path

import answered
import commands
import pandas as pd
import pytest
import tiny
import yaml
from dvc.repo import Repo

from wreck_core import dvcio
from wreck_core.stages import verify

# Writes the manifest and, as the true stage does, the fingerprint of its start; params may move meanwhile.
WORK = """
import json
from pathlib import Path
import pandas as pd
from wreck_core import provenance
from wreck_core.layout import Layout

layout = Layout(Path.cwd())
start = provenance.fingerprint(layout, "dataset")
edit = Path("edit-meanwhile")
if edit.exists():
    layout.params.write_text(edit.read_text())
    edit.unlink()
pd.read_parquet("data/drawn.parquet").to_parquet(layout.manifest)
layout.dataset_json.write_text(json.dumps({"fingerprint": start}))
"""


@pytest.fixture
def workspace(layout):
    """Pictures in the store, versioned, and a manifest that DVC made from them."""
    answered.fill(layout, 40)
    manifest = pd.read_parquet(layout.manifest)
    manifest[["sha256", "cluster", "fold", "split"]].to_csv(layout.folds, index=False)
    layout.manifest.rename(layout.root / "data" / "drawn.parquet")
    (layout.root / "work.py").write_text(WORK)
    stage = {
        "cmd": f"{sys.executable} work.py",
        "deps": ["work.py", "data/drawn.parquet"],
        "params": ["dataset"],
        "outs": ["data/manifest.parquet", {"data/dataset.json": {"cache": False}}],
    }
    layout.dvc_yaml.write_text(yaml.safe_dump({"stages": {"dataset": stage}}))
    tiny.git(layout.root, "init", "-q", "-b", "main")
    Repo.init(str(layout.root)).close()
    dvcio.snapshot(layout.root, [layout.images, layout.candidates])
    return layout


@pytest.fixture
def made(workspace):
    done = commands.run(workspace.root, "dvc", "repro")
    assert done.returncode == 0, done.stderr
    return workspace


def faults(params, layout):
    summary = verify.run(params, layout)
    assert summary.ok == (not summary.data["faults"])
    return [(fault["kind"], fault["where"]) for fault in summary.data["faults"]]


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    mode = path.stat().st_mode
    path.chmod(0o644)
    path.write_bytes(data)
    path.chmod(mode)  # as a disk does it: DVC looks again at objects that anyone may write


def test_what_is_as_it_was_recorded_has_no_fault(made, params):
    assert faults(params, made) == []


def test_before_anything_there_is_nothing_to_find(layout, params):
    assert faults(params, layout) == []


def test_every_flipped_byte_in_the_store_is_named_and_dvc_status_may_not_know(made, params):
    chosen = sorted(made.images.glob("*/*"))[::2]
    for path in chosen:
        flip(path)
    assert faults(params, made) == [("picture changed", made.relative(path)) for path in chosen]


def test_every_rotten_object_of_the_cache_is_named(made, params):
    objects, _ = dvcio.recorded_objects(made.root)
    chosen = sorted(path for path in objects.glob("??/*"))
    for path in chosen:
        flip(path)
    assert sorted(faults(params, made)) == [("cache rotten", str(path)) for path in chosen]
    assert dvcio.stale(made.root).stages == frozenset()  # DVC itself sees nothing


def test_a_deleted_object_is_named_by_the_file_that_it_was(made, params):
    objects, recorded = dvcio.recorded_objects(made.root)
    digest = next(md5 for md5, name in recorded.items() if name == "data/manifest.parquet")
    (objects / digest[:2] / digest[2:]).unlink()
    assert faults(params, made) == [("cache gone", "data/manifest.parquet")]


def test_a_deleted_picture_is_missed_in_the_store_and_in_the_cache(made, params):
    objects, _ = dvcio.recorded_objects(made.root)
    path = sorted(made.images.glob("*/*"))[3]
    digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    path.unlink()
    (objects / digest[:2] / digest[2:]).unlink()
    name = made.relative(path)
    assert faults(params, made) == [("picture gone", name), ("cache gone", name)]


def test_params_edited_while_a_stage_ran_make_the_lock_a_lie(workspace, params):
    raw = yaml.safe_load(workspace.params.read_text())
    raw["dataset"]["seed"] += 1
    (workspace.root / "edit-meanwhile").write_text(yaml.safe_dump(raw))
    assert commands.run(workspace.root, "dvc", "repro").returncode == 0
    assert dvcio.stale(workspace.root).stages == frozenset()
    summary = verify.run(params, workspace)
    assert [(fault["kind"], fault["where"]) for fault in summary.data["faults"]] == [("lock lies", "dataset")]
    assert "params" in summary.data["faults"][0]["what"]


def test_what_dvc_itself_calls_stale_is_told_and_no_fault(made, params):
    raw = yaml.safe_load(made.params.read_text())
    raw["dataset"]["seed"] += 1
    made.params.write_text(yaml.safe_dump(raw))
    summary = verify.run(params, made)
    assert summary.ok
    assert summary.data["stale"] == ["dataset"]


def test_a_moved_fold_is_named(made, params):
    folds = pd.read_csv(made.folds, dtype={"sha256": str})
    inside = folds.index[folds["fold"] >= 0][0]
    folds.loc[inside, "fold"] = (folds.loc[inside, "fold"] + 1) % answered.FOLDS
    folds.to_csv(made.folds, index=False)
    assert faults(params, made) == [("fold", "data/folds.csv")]


def test_command_ends_with_1_on_a_fault(made):
    assert commands.run(made.root, "wreck", "verify").returncode == 0
    flip(sorted(made.images.glob("*/*"))[0])
    done = commands.run(made.root, "wreck", "verify")
    assert done.returncode == 1
    assert "its bytes are not those that it is named by" in " ".join(done.stdout.split())
