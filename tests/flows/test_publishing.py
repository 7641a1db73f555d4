import tiny

from flows.publishing import commit
from wreck_core import dvcio, params
from wreck_core.layout import Layout


def test_one_commit_holds_the_owned_files_and_other_work_stays(workspace: Layout) -> None:
    settings = params.load(workspace.params)
    dvcio.snapshot(workspace.root, [workspace.images, workspace.candidates])
    assert tiny.repro(workspace).returncode == 0
    (workspace.root / "notes.txt").write_text("mine")
    tiny.edit_params(workspace, {"nightly": {"jobs": 2, "branch": "", "push": False}})

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
