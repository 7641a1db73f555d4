"""The clone that `make real` keeps, beside a repository that goes on."""

import subprocess
from pathlib import Path

import pytest

from wreck_core.cli import clone as module
from wreck_core.cli.clone import clone
from wreck_core.errors import WreckError

PURPOSE = "test"


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True)
    return done.stdout


def commit(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    git(folder, "add", name)
    git(folder, "-c", "user.name=Someone", "-c", "user.email=someone@localhost", "commit", "-qm", name)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of one's own in place of this one."""
    folder = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    commit(folder, "params.yaml", "first")
    monkeypatch.setattr(module, "REPOSITORY", folder)
    return folder


def test_a_kept_clone_has_its_nights_and_what_the_repository_got_since(
    repository: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    clone(kept, PURPOSE, afresh=False)
    commit(kept, "dvc.lock", "of a night")
    commit(repository, "dvc.yaml", "new stages")
    clone(kept, PURPOSE, afresh=False)
    assert [(kept / name).read_text() for name in ("params.yaml", "dvc.lock", "dvc.yaml")] == [
        "first",
        "of a night",
        "new stages",
    ]
    before = git(kept, "rev-parse", "HEAD")
    clone(kept, PURPOSE, afresh=False)
    assert git(kept, "rev-parse", "HEAD") == before


@pytest.mark.parametrize("committed", [True, False])
def test_changes_of_its_own_that_contradict_are_told_and_stay(
    repository: Path, tmp_path: Path, committed: bool
) -> None:
    kept = tmp_path / "kept"
    clone(kept, PURPOSE, afresh=False)
    commit(repository, "params.yaml", "second")
    if committed:
        commit(kept, "params.yaml", "my own")
    else:
        (kept / "params.yaml").write_text("my own")
    with pytest.raises(WreckError, match="changed where the repository changed too") as raised:
        clone(kept, PURPOSE, afresh=False)
    assert str(kept) in str(raised.value)
    assert (kept / "params.yaml").read_text() == "my own"
    assert not (kept / ".git" / "MERGE_HEAD").exists()
    clone(kept, PURPOSE, afresh=True)
    assert (kept / "params.yaml").read_text() == "second"
