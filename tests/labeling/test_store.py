"""The store: no task twice, no acknowledged answer lost, nothing rewritten."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from wreck_core.errors import BusyError, StorageError
from wreck_core.labeling.records import Answer, Import
from wreck_core.labeling.store import Store

ANNOTATE = """
import sys
from pathlib import Path
from wreck_core.labeling.records import Answer
from wreck_core.labeling.store import Store
with Store(Path(sys.argv[1])) as store:
    while tasks := store.claim(sys.argv[2], "primary"):
        store.answer(tasks[0], sys.argv[2], Answer("damaged"))
        print(tasks[0].sha256, flush=True)
"""


def annotate(path: Path, name: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", ANNOTATE, str(path), name]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def many(store: Store, count: int) -> None:
    store.enqueue([(f"{number:064x}", 0.0) for number in range(count)], "primary", "fifo")


def test_four_processes_never_get_the_same_picture(tmp_path: Path) -> None:
    with Store(tmp_path / "labels.db") as store:
        many(store, 200)
        workers = [annotate(tmp_path / "labels.db", name) for name in "abcd"]
        said = [line for worker in workers for line in worker.communicate()[0].splitlines()]
        assert len(said) == len(set(said)) == 200
        assert store.counts("primary")["done"] == 200


def test_every_acknowledged_label_survives_kill_9(tmp_path: Path) -> None:
    acknowledged: set[str] = set()
    with Store(tmp_path / "labels.db") as store:
        many(store, 400)
        for kill in range(8):
            with annotate(tmp_path / "labels.db", "ann") as worker:
                assert worker.stdout is not None
                for _ in range(1 + kill):
                    acknowledged.add(worker.stdout.readline().strip())
                os.kill(worker.pid, signal.SIGKILL)
                acknowledged |= {line.strip() for line in worker.stdout if len(line) == 65}
        kept = {row["sha256"] for row in store.current_labels()}
    assert acknowledged <= kept
    assert len(acknowledged) >= 36
    database = sqlite3.connect(tmp_path / "labels.db")
    assert database.execute("PRAGMA quick_check").fetchone() == ("ok",)
    database.close()


def test_a_lease_that_ran_out_goes_to_the_next_and_the_first_is_told(store: Store) -> None:
    late = store.claim("slow", "primary", lease_s=-1.0)[0]
    assert store.claim("quick", "primary")[0] == late
    with pytest.raises(BusyError, match="not saved"):
        store.answer(late, "slow", Answer("damaged"))
    assert store.current_labels() == []


def test_a_restarted_annotator_gets_the_own_lease_back(store: Store) -> None:
    first = store.claim("ann", "primary")
    assert store.claim("ann", "primary") == first


def test_a_retried_answer_counts_once(store: Store) -> None:
    task = store.claim("ann", "primary")[0]
    assert store.answer(task, "ann", Answer("damaged"), uid="u1") == store.answer(
        task, "ann", Answer("damaged"), uid="u1"
    )
    assert len(list(store.events())) == 1


def test_undo_gives_the_picture_back_many_levels_deep(store: Store) -> None:
    tasks = store.claim("ann", "primary", 3)
    for task, label in zip(tasks, ("damaged", "undamaged", None), strict=True):
        store.answer(task, "ann", Answer(label))
    undone = [store.undo("ann", "primary") for _ in range(4)]
    assert [event and event.label for event in undone] == [None, "undamaged", "damaged", None]
    assert undone[3] is None
    assert store.current_labels() == []
    assert store.claim("ann", "primary", 3) == tasks


def test_undoing_a_change_brings_the_earlier_label_back(store: Store) -> None:
    task = store.claim("ann", "primary")[0]
    store.answer(task, "ann", Answer("damaged"))
    store.relabel(store.own_answers("ann", "primary")[0], "ann", Answer("undamaged"))
    assert [row["label"] for row in store.current_labels()] == ["undamaged"]
    store.undo("ann", "primary")
    assert [row["label"] for row in store.current_labels()] == ["damaged"]
    assert store.counts("primary")["done"] == 1


def test_answers_in_the_adjudication_round_adjudicate_also_when_changed_or_undone(
    store: Store, pictures: dict[str, Path]
) -> None:
    sha256 = next(iter(pictures))
    store.enqueue([(sha256, 0.0)], "adjudicate", "conflict")
    task = store.claim("judge", "adjudicate")[0]
    store.answer(task, "judge", Answer("damaged"))
    store.relabel(store.own_answers("judge", "adjudicate")[0], "judge", Answer("undamaged"))
    assert [(row["kind"], row["label"]) for row in store.current_labels()] == [("adjudicate", "undamaged")]
    store.undo("judge", "adjudicate")
    assert [(row["kind"], row["label"]) for row in store.current_labels()] == [("adjudicate", "damaged")]
    assert store.counts("adjudicate")["done"] == 1
    store.undo("judge", "adjudicate")
    assert store.claim("judge", "adjudicate") == [task]


def test_a_list_does_not_settle_a_contradiction(store: Store, pictures: dict[str, Path]) -> None:
    sha256 = next(iter(pictures))
    store.enqueue([(sha256, 0.0)], "adjudicate", "conflict")
    store.import_labels("list:a", [Import(sha256, "damaged")], "2026-01-02T03:04:05Z")
    assert store.counts("adjudicate")["open"] == 1


def test_the_log_cannot_be_rewritten(store: Store, tmp_path: Path) -> None:
    store.answer(store.claim("ann", "primary")[0], "ann", Answer("damaged"))
    database = sqlite3.connect(tmp_path / "labels.db")
    for statement in ("UPDATE label_event SET label = 'x'", "DELETE FROM label_event"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            database.execute(statement)
    database.close()


def test_an_import_adds_only_what_is_new_and_closes_the_task(store: Store, pictures: dict[str, Path]) -> None:
    sha256 = next(iter(pictures))
    given = [Import(sha256, "damaged")]
    assert store.import_labels("list:a", given, "2026-01-02T03:04:05Z") == 1
    assert store.import_labels("list:a", given, "2026-01-03T03:04:05Z") == 0
    assert store.import_labels("list:a", [Import(sha256, "undamaged")], "2026-01-04T03:04:05Z") == 1
    assert store.import_labels("list:a", given, "2026-01-05T03:04:05Z") == 1
    assert store.counts("primary")["done"] == 1


def test_enqueue_parks_what_is_no_longer_wanted_and_brings_back_what_was_skipped(
    store: Store, pictures: dict[str, Path]
) -> None:
    first, second, *_ = pictures
    store.answer(store.claim("ann", "primary")[0], "ann", Answer(None))
    assert store.enqueue([(first, 0.0), (second, 0.0)], "primary", "fifo") == (1, 10)
    assert store.counts("primary") == {"open": 2, "leased": 0, "done": 0, "parked": 10}


def test_a_file_that_is_no_database_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "labels.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match=r"labels\.db"):
        Store(tmp_path / "labels.db")
