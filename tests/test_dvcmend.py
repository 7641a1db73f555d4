"""Torn files of DVC's own go, whole ones and those of a living command stay; and DVC goes on."""

import fcntl
import json
import os

import commands
import pytest
import tiny
from damage import DAMAGE, MANNERS

from wreck_core import dvcio, dvcmend, repro


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A repository with a dvc.lock, a table of locks and a pointer, as DVC writes them."""
    layout = tiny.build(tmp_path_factory.mktemp("made"))
    dvcio.snapshot(layout.root, [layout.images])
    assert tiny.repro(layout).returncode == 0
    return layout


def test_every_cut_of_a_lock_file_or_pointer_is_told_from_a_whole_one(made):
    pointer, lock = made.root / "data" / "images.dvc", made.root / "dvc.lock"
    text, whole = lock.read_text(), pointer.read_text()
    dvcmend.mend(made.root, [pointer])
    assert lock.read_text() == text
    assert pointer.read_text() == whole
    for end in range(len(whole)):
        pointer.write_text(whole[:end])
        dvcmend.mend(made.root, [pointer])
        assert not pointer.exists(), whole[:end]
    pointer.write_text(whole)


def test_a_damaged_lock_file_is_put_back_and_a_damaged_pointer_goes(made):
    """A merge conflict is a person's to settle."""
    pointer, lock = made.root / "data" / "images.dvc", made.root / "dvc.lock"
    before = lock.read_bytes(), pointer.read_bytes()
    dvcmend.mend(made.root, [pointer])  # keeps a copy
    for how, damage in DAMAGE.items():
        for path, data in zip((lock, pointer), before, strict=True):
            path.write_bytes(damage(data))
        dvcmend.mend(made.root, [pointer])
        left = how == "merge conflict"
        assert lock.read_bytes() == (damage(before[0]) if left else before[0]), how
        assert pointer.exists() == left, how
    for how, manner in MANNERS.items():
        lock.write_bytes(manner(before[0]))
        pointer.write_bytes(manner(before[1]))
        dvcmend.mend(made.root, [pointer])
        assert (lock.read_bytes(), pointer.read_bytes()) == (manner(before[0]), manner(before[1])), how
        assert not dvcio.stale(made.root).stages
    for path, data in zip((lock, pointer), before, strict=True):
        path.write_bytes(data)


def test_a_damaged_copy_of_the_lock_file_is_never_put_back(made):
    lock, copy = made.root / "dvc.lock", made.root / ".wreck" / "dvc.lock"
    text = lock.read_text()
    copy.write_bytes(bytes(100) + b"\xff")
    dvcmend.mend(made.root)
    assert copy.read_text() == text
    lock.write_bytes(b"")
    copy.write_bytes(bytes(100) + b"\xff")
    dvcmend.mend(made.root)
    assert not lock.exists()  # DVC makes it anew
    lock.write_text(text)


SLOW = pytest.mark.slow


@pytest.mark.parametrize("share", [pytest.param(0.2, marks=SLOW), 0.5, pytest.param(0.9, marks=SLOW)])
def test_dvc_goes_on_after_its_files_were_cut_off(made, share):
    table, lock = made.root / ".dvc" / "tmp" / "rwlock", made.root / "dvc.lock"
    text = lock.read_text()
    assert dvcio.stage_graph(made.root)  # keeps a copy of what is whole
    table.write_text(json.dumps({"a": {"read": []}})[:-2])
    lock.write_text(text[: int(len(text) * share)])
    runs = [
        repro.run_stage(made.root, stage, made.logs / "x.log", timeout_s=600)
        for stage in dvcio.stage_graph(made.root)
    ]
    assert set(runs) == {"skipped"}
    assert lock.read_text() == text


def test_a_plain_repro_whose_lock_file_was_cut_off_goes_on_after_wreck_snapshot(made):
    lock = made.root / "dvc.lock"
    text = lock.read_text()
    assert dvcio.stage_graph(made.root)  # keeps a copy of what is whole
    lock.write_text(text[: text.rindex("hash:") + 2])
    assert tiny.repro(made).returncode  # DVC by itself only says that the file is broken
    done = commands.run(made.root, "wreck", "snapshot")
    assert done.returncode == 0, done.stderr
    tiny.ran(made)
    assert tiny.repro(made).returncode == 0
    assert (lock.read_text(), tiny.ran(made)) == (text, [])


def test_what_a_living_command_writes_and_what_a_person_must_settle_is_left_alone(made):
    table, lock = made.root / ".dvc" / "tmp" / "rwlock", made.root / "dvc.lock"
    before = table.read_text(), lock.read_text()
    table.write_text('{"cut')
    lock.write_text("<<<<<<< HEAD\n" + lock.read_text())
    with table.with_name("rwlock.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        dvcmend.mend(made.root)
    assert table.read_text() == '{"cut'
    assert lock.read_text().startswith("<<<")
    dvcmend.mend(made.root)
    assert not table.exists()
    table.write_text(before[0])
    lock.write_text(before[1])


def test_temporary_files_of_a_killed_dvc_go(made):
    objects, _ = dvcio.recorded_objects(made.root)
    name = f".{'a-_Z' * 5}ab.tmp"
    strays = [
        made.images.parent / name,
        objects / name,
        objects / "ab" / name,
        objects / "ab" / "x.dir.x.tmp",
    ]
    kept = made.images.parent / ".labels.csv.1-2.tmp"
    for path in (*strays, kept):
        path.parent.mkdir(exist_ok=True)
        path.write_text("half")
    dvcmend.sweep(made.root, objects, [made.images.parent])
    assert not [path for path in strays if path.exists()]
    assert kept.exists()


def test_a_lock_of_a_process_whose_number_another_has_now_is_taken_away(made):
    table = made.root / ".dvc" / "tmp" / "rwlock"
    before = table.read_text()
    own = {"pid": os.getpid(), "cmd": "dvc repro"}
    table.write_text(json.dumps({"write": {"a": own}, "read": {"b": [own]}}))
    dvcmend.mend(made.root)
    assert table.exists()  # this process may be DVC: it was there when the table was written
    os.utime(table, (1, 1))
    dvcmend.mend(made.root)
    assert not table.exists()
    table.write_text(before)
