"""R10: a file that is not what was written is read all the same, or named in one error; nothing is lost."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from damage import DAMAGE, MANNERS
from faulted import Step, events
from faulty import Commands, Run

from wreck_core.layout import Layout

READERS = {
    "params.yaml": ("status",),
    "data/labels.csv": ("labels export", "dataset"),
    "data/takedown.csv": ("scrape list.csv --max 1", "takedown {another}"),
    "data/folds.csv": ("dataset",),
    "data/manifest.parquet": ("report", "verify"),
    "data/candidates.parquet": ("enqueue", "dedup"),
    "data/duplicates.parquet": ("dataset",),
    "data/dataset.json": ("status",),
    "data/labels.db": ("labels export", "enqueue"),
    "data/ledger.db": ("status",),
    "models/mobilenet/metrics.json": ("report", "status"),
    "models/mobilenet/oof.parquet": ("report",),
    "reports/leaderboard.json": ("predict x.jpg",),
}
TEXTS = ("params.yaml", "data/labels.csv", "data/takedown.csv", "data/folds.csv", "data/dataset.json")
DAILY = ("data/takedown.csv", "data/manifest.parquet", "data/labels.db")
REFUSED = (2, 74)
SLOW = pytest.mark.slow
EACH = [pytest.param(name, marks=[] if name in DAILY else SLOW) for name in READERS]
EACH_READER = [
    pytest.param(name, words, marks=[] if name in DAILY and words == readers[0] else SLOW)
    for name, readers in READERS.items()
    for words in readers
]


def copy_of(whole: Path, folder: Path) -> Layout:
    shutil.rmtree(folder, ignore_errors=True)
    return Layout(Path(shutil.copytree(whole, folder, symlinks=True)))


def is_one_error(run: Run, name: str) -> bool:
    """Whether a command said once what is wrong and with which file, with an exit code of the contract."""
    return run.code in REFUSED and run.said.count("error:") == 1 and name in run.said


@pytest.mark.parametrize(("name", "words"), EACH_READER)
def test_a_damaged_file_is_one_error_and_stays_to_be_looked_at(
    name: str,
    words: str,
    pipeline: dict[str, Step],
    commands: Commands,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    whole = pipeline["takedown"].after
    line = words.format(another="http://web.example/4.jpg").split()
    labelled = events(Layout(whole))
    refused = 0
    for how, damage in DAMAGE.items():
        layout = copy_of(whole, tmp_path / "work")
        path = layout.root / name
        data = path.read_bytes()
        path.write_bytes(damage(data))
        run = commands.run(layout.root, *line)
        if run.code in REFUSED:
            refused += 1
            assert is_one_error(run, name), f"{how}\n{run.said}"
            assert path.read_bytes() == damage(data), how
            path.write_bytes(data)
            assert events(layout) >= labelled, how
            assert not is_one_error(commands.run(layout.root, *line), name), how
        else:  # what was torn could be made again, or is not what this command reads
            assert run.code == 0, f"{how}\n{run.said}"
            assert events(layout) >= labelled, how
    assert refused
    record_property("R10", f"`{name}` damaged in {len(DAMAGE)} ways: {refused} told, 0 lost")


@SLOW
@pytest.mark.parametrize("name", TEXTS)
def test_what_an_editor_leaves_in_a_text_that_is_right_is_read(
    name: str, pipeline: dict[str, Step], commands: Commands, tmp_path: Path
) -> None:
    for manner in MANNERS.values():
        for words in READERS[name]:
            layout = copy_of(pipeline["takedown"].after, tmp_path / "work")
            path = layout.root / name
            path.write_bytes(manner(path.read_bytes()))
            line = words.format(another="http://web.example/4.jpg").split()
            run = commands.run(layout.root, *line)
            assert run.code == 0, run.said


@pytest.mark.parametrize("name", EACH)
def test_a_folder_in_the_place_of_a_file_is_one_error_and_stays(
    name: str, pipeline: dict[str, Step], commands: Commands, tmp_path: Path
) -> None:
    layout = copy_of(pipeline["takedown"].after, tmp_path / "work")
    path = layout.root / name
    path.unlink()
    path.mkdir()
    (path / "kept").touch()
    run = commands.run(layout.root, *READERS[name][0].format(another="").split())
    assert is_one_error(run, name), run.said
    assert (path / "kept").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("name", READERS)
def test_a_file_that_may_not_be_read_is_one_error(
    name: str, pipeline: dict[str, Step], commands: Commands, tmp_path: Path
) -> None:
    layout = copy_of(pipeline["takedown"].after, tmp_path / "work")
    (layout.root / name).chmod(0)
    run = commands.run(layout.root, *READERS[name][0].format(another="").split())
    assert is_one_error(run, name), run.said


def test_a_label_store_that_is_gone_or_empty_is_made_again_whole(
    pipeline: dict[str, Step], commands: Commands, tmp_path: Path
) -> None:
    """Not with what the lost store had in its write-ahead log: those pages are of another file."""
    whole = pipeline["takedown"].after
    for lost in (Path.unlink, lambda path: path.write_bytes(b"")):
        layout = copy_of(whole, tmp_path / "work")
        log = layout.label_events.read_bytes()
        data = layout.label_db.read_bytes()
        layout.label_db.with_name("labels.db-wal").write_bytes(data)
        lost(layout.label_db)
        assert commands.run(layout.root, "labels", "export").code == 0
        assert events(layout) == events(Layout(whole))
        assert layout.label_events.read_bytes() == log
