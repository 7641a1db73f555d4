"""Backups of the ledger and the label store, taken while others write, and put back when the file is gone."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from wreck_core.errors import BusyError, InputError, StorageError, UsageError
from wreck_core.ingest.ledger import Ledger
from wreck_core.ingest.url_list import Account, ListedUrl
from wreck_core.labeling import export, rebuild
from wreck_core.labeling.records import Answer, Import
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import backup

SHAS = [f"{number:064x}" for number in range(400)]
WRITE = """
import sys
from pathlib import Path
from wreck_core.labeling.records import Answer
from wreck_core.labeling.store import Store

with Store(Path(sys.argv[1])) as store:
    while tasks := store.claim("ann", "primary"):
        store.answer(tasks[0], "ann", Answer("damaged"))
        print(tasks[0].sha256, flush=True)
"""


def label(layout: Layout, *numbers: int) -> None:
    with rebuild.open_store(layout) as store:
        store.import_labels("list:a", [Import(SHAS[number], "damaged") for number in numbers], "2026-01-02")


def labelled(layout: Layout) -> set[int]:
    with Store(layout.label_db) as store:
        return {SHAS.index(row["sha256"]) for row in store.current_labels()}


def read(layout: Layout, *urls: str) -> None:
    with Ledger(layout.ledger) as ledger:
        listed = [ListedUrl(line, url) for line, url in enumerate(urls, 1)]
        ledger.read_list("a.txt", listed, Account(), ledger.next_reading())


def test_a_copy_that_is_taken_while_another_writes_is_whole_and_holds_all_that_was_saved_before(
    params: Params, layout: Layout
) -> None:
    with rebuild.open_store(layout) as store:
        store.enqueue([(sha, 0.0) for sha in SHAS], "primary", "fifo")
    words = [sys.executable, "-c", WRITE, str(layout.label_db)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        saved = [writer.stdout.readline().strip() for _ in range(20)]
        (made,) = backup.run(params, layout).data["backups"]
        still_writing = writer.poll() is None
        writer.stdout.read()
    assert still_writing
    with closing(sqlite3.connect(layout.root / made)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        held = {sha for (sha,) in copy.execute("SELECT sha256 FROM label_event")}
    assert set(saved) <= held < set(SHAS)


def test_labels_given_since_the_backup_come_back_from_the_log(params: Params, layout: Layout) -> None:
    label(layout, 1, 2)
    backup.run(params, layout)
    label(layout, 3)
    with Store(layout.label_db) as store:
        export.write(layout, store)
    layout.label_db.write_bytes(b"no database any more" * 1000)
    for suffix in ("-wal", "-shm"):
        layout.label_db.with_name(f"labels.db{suffix}").unlink(missing_ok=True)
    with pytest.raises(StorageError, match="copied"):
        backup.run(params, layout)
    summary = backup.restore(params, layout, "labels")
    assert labelled(layout) == {1, 2, 3}
    assert "replaced-labels" in summary.notes[0]


def test_labels_of_a_store_that_can_be_read_are_not_lost_by_a_restore(params: Params, layout: Layout) -> None:
    label(layout, 1)
    backup.run(params, layout)
    label(layout, 2)
    backup.restore(params, layout, "labels")
    assert labelled(layout) == {1, 2}


def test_a_store_that_is_gone_comes_back_with_its_queue(params: Params, layout: Layout) -> None:
    with rebuild.open_store(layout) as store:
        store.enqueue([(sha, 0.0) for sha in SHAS], "primary", "fifo")
        (task,) = store.claim("ann", "primary")
        store.answer(task, "ann", Answer("damaged"))
    backup.run(params, layout)
    layout.label_db.unlink()
    backup.restore(params, layout, "labels")
    with Store(layout.label_db) as store:
        assert store.counts("primary") == {"open": 399, "leased": 0, "done": 1, "parked": 0}


def test_the_ledger_comes_back_as_it_was(params: Params, layout: Layout) -> None:
    read(layout, "http://a.example/1", "http://a.example/2")
    backup.run(params, layout)
    layout.ledger.write_bytes(layout.ledger.read_bytes()[:5000])
    backup.restore(params, layout, "ledger")
    with Ledger(layout.ledger) as ledger:
        assert ledger.counts(5) == {None: 2}


def test_the_last_seven_are_kept(params: Params, layout: Layout) -> None:
    read(layout, "http://a.example/1")
    layout.backups.mkdir(parents=True)
    for day in range(1, 10):
        (layout.backups / f"ledger-2020-01-{day:02}T00-00-00.db").write_bytes(b"old")
    (made,) = backup.run(params, layout).data["backups"]
    kept = sorted(path.name for path in layout.backups.iterdir())
    assert len(kept) == backup.KEPT
    assert kept[-1] == Path(made).name


def test_while_somebody_labels_nothing_is_put_back(params: Params, layout: Layout) -> None:
    label(layout, 1)
    backup.run(params, layout)
    window = "import sys; from pathlib import Path; from wreck_core.labeling.store import Store\n"
    window += "store = Store(Path(sys.argv[1])); print(flush=True); sys.stdin.read()"
    words = [sys.executable, "-c", window, str(layout.label_db)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(BusyError, match=f"process {holder.pid}"):
            backup.restore(params, layout, "labels")
        holder.communicate()
    backup.restore(params, layout, "labels")


def test_without_a_sound_backup_it_says_so(params: Params, layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no database"):
        backup.restore(params, layout, "pictures")
    with pytest.raises(InputError, match="there is no backup"):
        backup.restore(params, layout, "ledger")
    label(layout, 1)
    with pytest.raises(InputError, match="no sound backup of ledger"):
        backup.restore(params, layout, "ledger", layout.label_db)
    (tmp_path / "other.db").write_text("something else")
    with pytest.raises(InputError, match="no sound backup of labels"):
        backup.restore(params, layout, "labels", tmp_path / "other.db")
    assert backup.run(params, Layout(tmp_path / "empty")).headline == "nothing to back up yet"
