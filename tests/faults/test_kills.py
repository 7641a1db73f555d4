"""R1: whenever a command is killed, nothing acknowledged is lost and the same command completes it."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from faulted import Step, dataset, differing, events, half_written
from faulty import Commands
from pages import Pages

from wreck_core.layout import Layout

COMMANDS = ["scrape", "labels import", "enqueue", "dedup", "dataset", "report", "labels export", "snapshot"]
OFTEN = ("scrape", "labels import", "snapshot")  # one point of each with every `make test`
SAMPLED = [pytest.param(name, True) for name in OFTEN]
WHOLE = [pytest.param(name, False, marks=pytest.mark.slow) for name in COMMANDS]


def check(
    step: Step, folder: Path, commands: Commands, web: Pages, few: bool, record: Callable[[str, object], None]
) -> None:
    points = step.run.points()
    chosen = points[len(points) // 2 :][:1] if few else points
    expected = dataset(Layout(step.after))
    known = events(Layout(step.before))
    killed = 0
    for at in chosen:
        layout = Layout(Path(shutil.copytree(step.before, folder / "work", symlinks=True)))
        run = commands.run(layout.root, *step.words, at=at)
        killed += run.code == -signal.SIGKILL
        assert half_written(layout) == [], at
        assert known <= events(layout), at
        again = commands.run(layout.root, *step.words)
        assert again.code == 0, f"{at}\n{again.said}"
        assert differing(dataset(layout), expected) == [], at
        shutil.rmtree(layout.root)
    assert killed
    record("R1", f"`{' '.join(step.words[:2])}`: {killed} kills, 0 lost")


@pytest.mark.parametrize(("name", "few"), [*SAMPLED, *WHOLE])
def test_the_same_command_completes_what_a_kill_cut_off(
    name: str,
    few: bool,
    pipeline: dict[str, Step],
    commands: Commands,
    web: Pages,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    check(pipeline[name], tmp_path, commands, web, few, record_property)
