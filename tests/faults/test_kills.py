"""R1: whenever a command is killed, nothing acknowledged is lost and the same command completes it."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from faulted import Step, dataset, differing, each_command, events, half_written
from faulty import Commands
from pages import Pages

from wreck_core.layout import Layout

OFTEN = ("scrape", "labels import", "snapshot")  # one point of each with every `make test`


@each_command(OFTEN)
def test_the_same_command_completes_what_a_kill_cut_off(
    name: str,
    few: bool,
    pipeline: dict[str, Step],
    commands: Commands,
    web: Pages,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    step = pipeline[name]
    points = step.run.points()
    chosen = points[len(points) // 2 :][:1] if few else points
    expected = dataset(Layout(step.after))
    known = events(Layout(step.before))
    killed = 0
    for at in chosen:
        layout = Layout(Path(shutil.copytree(step.before, tmp_path / "work", symlinks=True)))
        run = commands.run(layout.root, *step.words, at=at)
        killed += run.code == -signal.SIGKILL
        assert half_written(layout) == [], at
        assert known <= events(layout), at
        again = commands.run(layout.root, *step.words)
        assert again.code == 0, f"{at}\n{again.said}"
        assert differing(dataset(layout), expected) == [], at
        shutil.rmtree(layout.root)
    assert killed
    if not few:
        record_property("R1", f"`{' '.join(step.words[:2])}`: {killed} kills, 0 lost")
