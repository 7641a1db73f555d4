from pathlib import Path

import pytest
import tiny

from wreck_core import params as params_module
from wreck_core.errors import InputError
from wreck_core.layout import Layout
from wreck_core.stages import snapshot


@pytest.fixture
def workspace(tmp_path: Path) -> Layout:
    return tiny.build(tmp_path)


def test_only_what_changed_is_versioned_and_git_sees_the_pointers_alone(workspace: Layout) -> None:
    settings = params_module.load(workspace.params)
    assert snapshot.run(settings, workspace).data["changed"] == ["data/images", "data/candidates.parquet"]
    workspace.label_events.write_text("{}\n")
    assert snapshot.run(settings, workspace).data["changed"] == ["data/label_events.jsonl"]
    assert snapshot.run(settings, workspace).headline == "nothing new to version"
    assert sorted(tiny.git(workspace.root, "status", "--porcelain").split("\n")) == [
        "?? data/candidates.parquet.dvc",
        "?? data/images.dvc",
        "?? data/label_events.jsonl.dvc",
    ]


def test_a_link_in_the_store_is_refused(workspace: Layout) -> None:
    (workspace.images / "ab" / "link.jpg").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="symbolic link"):
        snapshot.run(params_module.load(workspace.params), workspace)
    assert not (workspace.root / ".dvc" / "cache").exists() or not any(
        (workspace.root / ".dvc" / "cache").rglob("*.dir")
    )
