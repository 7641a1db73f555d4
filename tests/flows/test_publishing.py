from pathlib import Path

import pytest
import tiny

from flows.publishing import commit, push
from wreck_core import dvcio, params
from wreck_core.errors import WreckError
from wreck_core.layout import Layout


def test_one_commit_holds_the_owned_files_and_other_work_stays(workspace: Layout) -> None:
    settings = params.load(workspace.params)
    dvcio.snapshot(workspace.root, [workspace.images, workspace.candidates])
    assert tiny.repro(workspace).returncode == 0
    (workspace.root / "notes.txt").write_text("mine")
    tiny.edit_nightly(workspace, jobs=2)

    sha = commit(settings, workspace, "Nightly", ["two pictures", "one label"])

    assert sha == tiny.git(workspace.root, "rev-parse", "HEAD")
    assert tiny.git(workspace.root, "log", "-1", "--format=%B") == "Nightly\n\ntwo pictures\none label"
    assert tiny.git(workspace.root, "show", "--name-only", "--format=", "HEAD").split() == [
        "data/candidates.parquet.dvc",
        "data/dataset.json",
        "data/dedup.json",
        "data/images.dvc",
        "dvc.lock",
        "models/alpha/metrics.json",
        "models/beta/metrics.json",
        "reports/leaderboard.md",
    ]
    assert "notes.txt" in tiny.git(workspace.root, "status", "--porcelain")
    assert "params.yaml" in tiny.git(workspace.root, "status", "--porcelain")
    assert commit(settings, workspace, "Nightly", []) is None


def test_data_and_commits_go_to_their_remotes_when_that_is_allowed(workspace: Layout, tmp_path: Path) -> None:
    bare, store = tmp_path / "remotes" / "bare.git", tmp_path / "remotes" / "store"
    store.mkdir(parents=True)
    tiny.git(tmp_path, "init", "-q", "--bare", str(bare))
    tiny.git(workspace.root, "remote", "add", "origin", str(bare))
    (workspace.root / ".dvc" / "config.local").write_text(
        f"[core]\n    remote = store\n['remote \"store\"']\n    url = {store}\n"
    )
    dvcio.snapshot(workspace.root, [workspace.images, workspace.candidates])
    sha = commit(params.load(workspace.params), workspace, "Nightly", [])

    push(params.load(workspace.params), workspace)  # nightly.push is off
    assert list(store.iterdir()) == []

    tiny.edit_nightly(workspace, push=True)
    push(params.load(workspace.params), workspace)
    assert tiny.git(bare, "rev-parse", "main") == sha
    assert b"bytes of a picture" in {path.read_bytes() for path in store.rglob("*") if path.is_file()}


def test_a_branch_that_somebody_else_has_pushed_to_is_told_and_not_overwritten(
    workspace: Layout, tmp_path: Path
) -> None:
    bare = tmp_path / "remotes" / "bare.git"
    tiny.git(tmp_path, "init", "-q", "--bare", str(bare))
    tiny.git(workspace.root, "remote", "add", "origin", str(bare))
    tiny.edit_nightly(workspace, push=True, branch="nightly")
    settings = params.load(workspace.params)
    dvcio.snapshot(workspace.root, [workspace.candidates])
    theirs = commit(settings, workspace, "Nightly", [])
    push(settings, workspace)
    tiny.git(workspace.root, "branch", "-D", "nightly")
    workspace.labels.write_text("sha256,label\na,damaged\n")
    commit(settings, workspace, "Nightly", [])
    with pytest.raises(WreckError, match="rejected"):
        push(settings, workspace)
    assert tiny.git(bare, "rev-parse", "nightly") == theirs
