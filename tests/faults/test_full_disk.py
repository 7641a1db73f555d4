"""R9: a disk that is truly full, where SQLite, pyarrow and DVC write too: a small tmpfs."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faulted import Step, dataset, differing, events, half_written
from faulty import Commands
from pages import Pages

from wreck_core.layout import Layout

OFTEN, AT_NIGHT = "labels import", ("scrape", "dedup", "report")
# KiB that are free: too few for the command.
LEFT = {"scrape": 60, "labels import": 90, "dedup": 4, "report": 40}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() or not mount:
        pytest.skip("only root may mount a small file system")
    words = [mount, "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let root mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("name", [OFTEN, *(pytest.param(name, marks=pytest.mark.slow) for name in AT_NIGHT)])
def test_a_full_disk_is_named_with_what_is_left_and_the_same_command_completes_when_there_is_room(
    name: str,
    pipeline: dict[str, Step],
    commands: Commands,
    web: Pages,
    small_disk: Path,
    record_property: Callable[[str, object], None],
) -> None:
    step = pipeline[name]
    layout = Layout(Path(shutil.copytree(step.before, small_disk / "work", symlinks=True)))
    free_bytes = shutil.disk_usage(small_disk).free
    filler = small_disk / "filler"
    filler.write_bytes(bytes(free_bytes - LEFT[name] * 1024))
    run = commands.run(layout.root, *step.words)
    assert run.code == 74, run.said
    assert run.said.count("error:") == 1
    assert "Traceback" not in run.said
    assert str(layout.root) in run.said
    if "could not be written" in run.said:
        assert re.search(r"\([\d,]+ bytes are free\)", run.said), run.said
    filler.unlink()  # SQLite cannot even look into a database without room for its shared memory
    assert half_written(layout) == []
    assert events(Layout(step.before)) <= events(layout)
    again = commands.run(layout.root, *step.words)
    assert again.code == 0, again.said
    assert differing(dataset(layout), dataset(Layout(step.after))) == []
    record_property("R9", f"`{name}` on a full tmpfs: exit code 74, completed by the next run")
