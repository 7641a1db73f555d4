"""R10: whatever touch of the disk fails is one clear error, and the next run completes the work."""

import shutil
from collections.abc import Callable
from pathlib import Path

from faulted import Step, dataset, differing, each_command, events, half_written
from faulty import Commands
from pages import Pages

from wreck_core.layout import Layout

OFTEN = ("scrape", "dedup")  # one fault of each with every `make test`
FAULTS = ["ENOSPC", "EIO", "EMFILE"]


@each_command(OFTEN)
def test_whatever_fails_is_one_error_and_the_next_run_completes_the_work(
    name: str,
    few: bool,
    pipeline: dict[str, Step],
    commands: Commands,
    web: Pages,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    step, expected = pipeline[name], dataset(Layout(pipeline[name].after))
    known = events(Layout(step.before))
    faults = [
        (at, fault)
        for at in step.run.points()
        for fault in FAULTS
        if fault != "EMFILE" or at[0].startswith("open")
    ]
    told = 0
    chosen = faults[len(faults) // 2 :][:1] if few else faults
    for at, fault in chosen:
        layout = Layout(Path(shutil.copytree(step.before, tmp_path / "work", symlinks=True)))
        run = commands.run(layout.root, *step.words, at=at, fault=fault)
        assert "Traceback" not in run.said, f"{at} {fault}\n{run.said}"
        # What a failed call does not harm need not be told: then the work is done.
        assert run.code in (0, 74), f"{at} {fault} {run.code}\n{run.said}"
        assert run.code or differing(dataset(layout), expected) == [], f"{at} {fault}"
        errors = [line for line in run.said.splitlines() if line.lower().startswith("error:")]
        assert len(errors) == bool(run.code), f"{at} {fault}\n{run.said}"
        told += run.code == 74
        assert half_written(layout) == [], f"{at} {fault}"
        assert known <= events(layout), f"{at} {fault}"
        again = commands.run(layout.root, *step.words)
        assert again.code == 0, f"{at} {fault}\n{again.said}"
        assert differing(dataset(layout), expected) == [], f"{at} {fault}"
        shutil.rmtree(layout.root)
    if not few:
        record_property("R10", f"`{name}`: {len(chosen)} faults, {told} told, 0 lost")
