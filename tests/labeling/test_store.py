"""The store: no task twice, no acknowledged answer lost, nothing rewritten."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from wreck_core.errors import BusyError, StorageError
from wreck_core.labeling.forget import forget
from wreck_core.labeling.records import Answer, Import
from wreck_core.labeling.store import Store

ANNOTATE = """
import sys
from pathlib import Path
from wreck_core.labeling.records import Answer
from wreck_core.labeling.store import Store
with Store(Path(sys.argv[1])) as store:
    while tasks := store.claim(sys.argv[2], sys.argv[3]):
        store.answer(tasks[0], sys.argv[2], Answer("damaged"))
        print(tasks[0].sha256, flush=True)
"""


def annotate(path: Path, name: str, round_name: str = "primary") -> subprocess.Popen[str]:
    words = [sys.executable, "-c", ANNOTATE, str(path), name, round_name]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def many(store: Store, count: int) -> None:
    store.enqueue([(f"{number:064x}", 0.0) for number in range(count)], "primary", "fifo")


def test_four_processes_never_get_the_same_picture_and_nobody_one_of_their_own_again(tmp_path: Path) -> None:
    with Store(tmp_path / "labels.db") as store:
        many(store, 120)
        first = annotated_by_four(tmp_path / "labels.db", "primary")
        assert store.counts("primary")["done"] == 120
        store.enqueue([(sha256, 0.0) for sha256 in first], "second", "second")
        second = annotated_by_four(tmp_path / "labels.db", "second")
        # What only its first annotator is left to take waits for somebody else.
        assert len(second) + store.counts("second")["open"] == 120
    assert len(second) > 60
    assert all(first[sha256] != name for sha256, name in second.items())


def annotated_by_four(path: Path, round_name: str) -> dict[str, str]:
    """Let four processes empty a round at once: who labelled what. No picture may come twice."""
    workers = {name: annotate(path, name, round_name) for name in "abcd"}
    said = [(line, name) for name, worker in workers.items() for line in worker.communicate()[0].split()]
    assert len(said) == len(dict(said))
    return dict(said)


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


def test_a_second_label_never_goes_to_who_gave_the_first_unless_it_was_taken_back(
    store: Store, pictures: dict[str, Path]
) -> None:
    first = store.claim("ann", "primary")[0]
    store.answer(first, "ann", Answer("damaged"))
    store.enqueue([(first.sha256, 0.0)], "second", "second")
    assert store.claim("ann", "second") == []
    assert [task.sha256 for task in store.claim("bob", "second", lease_s=-1.0)] == [first.sha256]
    assert store.claim("ann", "second") == []  # nor when bob's lease has run out
    store.undo("ann", "primary")
    store.release("ann")
    assert [task.sha256 for task in store.claim("ann", "second")] == [first.sha256]


def test_repeats_wait_among_new_pictures_unseen_for_what_they_are(
    store: Store, pictures: dict[str, Path]
) -> None:
    known = store.claim("ann", "primary")[0]
    store.answer(known, "ann", Answer("damaged"))
    assert store.mix_in({known.sha256: "damaged"}, "primary", seed=1) == 1
    assert store.mix_in({known.sha256: "damaged"}, "primary", seed=2) == 0  # it waits already
    assert known.sha256 not in {task.sha256 for task in store.claim("ann", "primary", 99)}
    store.release("ann")
    tasks = store.claim("bob", "primary", 99)
    assert sorted(task.sha256 for task in tasks) == sorted(pictures)
    repeat = next(task for task in tasks if task.sha256 == known.sha256)
    assert repeat.strategy == "random"
    store.answer(repeat, "bob", Answer("undamaged"))
    store.release("bob")
    assert [(event["annotator"], event["gold"]) for event in store.events()] == [
        ("ann", None),
        ("bob", "damaged"),
    ]
    # The list of what waits speaks of new pictures; a repeat is neither parked nor counted there.
    store.mix_in({known.sha256: "damaged"}, "primary", seed=3)
    assert store.enqueue([], "primary", "random") == (0, 11)
    assert store.counts("primary") == {"open": 1, "leased": 0, "done": 2, "parked": 11}


def test_who_settles_or_audits_may_have_labelled_before(store: Store) -> None:
    first = store.claim("ann", "primary")[0]
    store.answer(first, "ann", Answer("damaged"))
    for round_name in ("adjudicate", "audit"):
        store.enqueue([(first.sha256, 0.0)], round_name, round_name)
        assert [task.sha256 for task in store.claim("ann", round_name)] == [first.sha256]


def test_waiting_tasks_take_the_order_of_the_last_queueing(store: Store, pictures: dict[str, Path]) -> None:
    chosen = dict.fromkeys(pictures, "margin")
    store.enqueue([(sha256, float(at)) for at, sha256 in enumerate(pictures)], "primary", chosen)
    assert list(store.waiting("primary").items()) == [(sha256, "margin") for sha256 in reversed(pictures)]
    assert [task.strategy for task in store.claim("ann", "primary", 2)] == ["margin"] * 2


def test_counts_are_those_of_the_tasks_whatever_happens_to_them(
    store: Store, pictures: dict[str, Path], tmp_path: Path
) -> None:
    tasks = store.claim("ann", "primary", 5)
    store.answer(tasks[0], "ann", Answer("damaged"))
    store.answer(tasks[1], "ann", Answer(None))
    store.undo("ann", "primary")
    store.enqueue([(sha256, 0.0) for sha256 in list(pictures)[:7]], "primary", "fifo")
    store.close()
    forget(tmp_path / "labels.db", list(pictures)[:2])
    with sqlite3.connect(tmp_path / "labels.db") as database:
        counted = dict(database.execute("SELECT state, count(*) FROM task GROUP BY state").fetchall())
    database.close()
    with Store(tmp_path / "labels.db") as again:
        assert {state: count for state, count in again.counts("primary").items() if count} == counted


def test_a_picture_keeps_how_it_first_came_to_be_labelled(store: Store, pictures: dict[str, Path]) -> None:
    listed, chosen, *_ = pictures
    store.import_labels("list:a", [Import(listed, "damaged")], "2026-01-02T03:04:05Z")
    store.enqueue([(chosen, 1.0)], "primary", "margin")
    store.answer(store.claim("ann", "primary")[0], "ann", Answer("damaged"))
    store.enqueue([(chosen, 1.0), (listed, 0.0)], "audit", "audit")
    for task in store.claim("ann", "audit", 2):
        store.answer(task, "ann", Answer("undamaged"))
    assert store.selections() == {listed: "list", chosen: "margin"}


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


def test_a_store_of_another_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    Store(tmp_path / "labels.db").close()
    with sqlite3.connect(tmp_path / "labels.db") as database:
        database.execute("PRAGMA user_version = 1")
    database.close()
    with pytest.raises(StorageError, match="wreck labels export"):
        Store(tmp_path / "labels.db")


def test_a_file_that_is_no_database_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "labels.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match=r"labels\.db"):
        Store(tmp_path / "labels.db")
