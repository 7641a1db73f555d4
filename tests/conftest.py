"""Fixtures that every subject shares: an empty workspace, the shipped params, the reference photos."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from wreck_core import params as params_module
from wreck_core.layout import Layout
from wreck_core.params import Params

# A busy machine is slow now and then; that is no failure.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An empty workspace with the shipped params.yaml."""
    shutil.copy(REPOSITORY / "params.yaml", tmp_path / "params.yaml")
    return Layout(tmp_path)


@pytest.fixture
def params(layout: Layout) -> Params:
    """The shipped params.yaml."""
    return params_module.load(layout.params)


@pytest.fixture(scope="session")
def reference_photos() -> Path:
    """The reference photos, where this machine has them (`positives/` and `negatives/` inside)."""
    folder = REPOSITORY.parent / "shared" / "data" / "wreck_images"
    if not folder.is_dir():
        pytest.skip("the reference photos are not on this machine")
    return folder


@pytest.fixture(scope="session")
def checkout() -> Callable[[Path], Path]:
    """Make a git checkout of the working tree as it stands, committed or not, in an empty folder."""

    def make(folder: Path) -> Path:
        names = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=REPOSITORY,
            capture_output=True,
            check=True,
        ).stdout.decode()
        for name in filter(None, names.split("\0")):
            if (REPOSITORY / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(REPOSITORY / name, folder / name)
        for words in (
            ["init", "-q", "-b", "main"],
            ["config", "user.name", "Test"],
            ["config", "user.email", "test@localhost"],
            ["add", "-A"],
            ["commit", "-q", "-m", "The working tree as it stands"],
        ):
            subprocess.run(["git", *words], cwd=folder, check=True)
        return folder

    return make
