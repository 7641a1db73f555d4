"""One process from which commands are forked, and one workspace on its way down the pipeline."""

from collections.abc import Iterator

import pytest
from faulted import Step, steps
from faulty import Commands
from pages import Pages, pages


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    with Commands() as started:
        yield started


@pytest.fixture(scope="session")
def web() -> Iterator[Pages]:
    with pages() as started:
        yield started


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory, web: Pages, commands: Commands) -> dict[str, Step]:
    """Every command of the pipeline by its first words."""
    folder = tmp_path_factory.mktemp("pipeline")
    return {
        " ".join(step.words[:2]) if "labels" in step.words else step.words[0]: step
        for step in steps(folder, web, commands)
    }
