"""Fixtures that every subject shares: an empty workspace, the shipped params, the reference photos."""

import shutil
from pathlib import Path

import pytest

from wreck_core import params as params_module
from wreck_core.layout import Layout
from wreck_core.params import Params

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
