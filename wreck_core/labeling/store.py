"""The label store: a queue of tasks with leases, and an append-only log of what people said.

SQLite in WAL mode with synchronous=FULL: a label that `answer` has returned for survives a kill -9.
Any number of processes may work on it; a claim is one statement, so no two get the same task.
"""

import json
import sqlite3
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from wreck_core.errors import BusyError, StorageError
from wreck_core.labeling.records import Answer, Event, Hint, Import, Task
from wreck_core.labeling.rows import as_event, as_task, columns_of
from wreck_core.labeling.schema import ADJUDICATE, SCHEMA

LEASE_S = 600.0
_BUSY_S = 30.0
LOST = "not saved: "  # how a BusyError of `answer` begins


def now() -> str:
    """Give the time as it is written into events and labels.csv, such as 2026-01-02T03:04:05Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """A connection to one label store; a context manager. Not to be shared between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        try:
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self._db.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            self._db.close()
            raise StorageError(f"is no label store: {error}", where=str(path), fix="restore it") from error
        with self._transaction():
            known = self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'task'").fetchone()
            if not known:
                for statement in _statements(SCHEMA):
                    self._db.execute(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db, self._path)

    # The queue

    def enqueue(self, tasks: Iterable[tuple[str, float]], round_name: str, strategy: str) -> tuple[int, int]:
        """Make the round's waiting tasks exactly `tasks`, pairs of (sha256, priority).

        A picture that the round knows keeps its task; a skipped one waits again. Waiting tasks of
        pictures that are not named are parked. Returns how many were added and how many parked.
        """
        wanted = dict(tasks)
        with self._transaction():
            known = dict(
                self._db.execute("SELECT sha256, state FROM task WHERE round = ?", (round_name,)).fetchall()
            )
            new = [
                (sha, round_name, priority, strategy) for sha, priority in wanted.items() if sha not in known
            ]
            self._db.executemany(
                "INSERT INTO task(sha256, round, priority, strategy) VALUES (?, ?, ?, ?)", new
            )
            parked = [
                (sha, round_name) for sha, state in known.items() if state == "open" and sha not in wanted
            ]
            self._db.executemany("UPDATE task SET state = 'parked' WHERE sha256 = ? AND round = ?", parked)
            again = [(sha, round_name) for sha, state in known.items() if state == "parked" and sha in wanted]
            self._db.executemany("UPDATE task SET state = 'open' WHERE sha256 = ? AND round = ?", again)
        return len(new) + len(again), len(parked)

    def claim(self, annotator: str, round_name: str, count: int = 1, lease_s: float = LEASE_S) -> list[Task]:
        """Lease the next tasks: first those that the annotator holds already, then open and expired ones."""
        clock = time.time()
        with self._transaction():
            rows = self._db.execute(
                """UPDATE task SET state = 'leased', lease_by = :me, lease_until = :until WHERE task_id IN (
                     SELECT task_id FROM (
                       SELECT task_id, 0 AS turn, priority FROM task
                         WHERE round = :round AND state = 'leased' AND (lease_by = :me OR lease_until < :now)
                       UNION ALL
                       SELECT * FROM (SELECT task_id, 1, priority FROM task
                         WHERE round = :round AND state = 'open'
                         ORDER BY priority DESC, task_id LIMIT :count))
                     ORDER BY turn, priority DESC, task_id LIMIT :count)
                   RETURNING *""",
                {
                    "me": annotator,
                    "until": clock + lease_s,
                    "now": clock,
                    "round": round_name,
                    "count": count,
                },
            ).fetchall()
        ranked = sorted(rows, key=lambda row: (-row["priority"], row["task_id"]))
        return [as_task(row) for row in ranked]

    def claim_suggested(self, annotator: str, round_name: str, label: str, count: int) -> list[Task]:
        """Lease open tasks that a model takes for `label`, the surest first."""
        with self._transaction():
            rows = self._db.execute(
                """UPDATE task SET state = 'leased', lease_by = :me, lease_until = :until WHERE task_id IN (
                     SELECT task_id FROM task WHERE round = :round AND state = 'open' AND suggested = :label
                       ORDER BY score DESC, task_id LIMIT :count) RETURNING *""",
                {
                    "me": annotator,
                    "until": time.time() + LEASE_S,
                    "round": round_name,
                    "label": label,
                    "count": count,
                },
            ).fetchall()
        return [as_task(row) for row in sorted(rows, key=lambda row: (-row["score"], row["task_id"]))]

    def release(self, annotator: str, keep: Collection[int] = ()) -> None:
        """Give the annotator's leases back, but for the tasks `keep`."""
        with self._transaction():
            self._db.execute(
                "UPDATE task SET state = 'open', lease_by = NULL, lease_until = NULL "
                "WHERE state = 'leased' AND lease_by = ? AND task_id NOT IN (SELECT value FROM json_each(?))",
                (annotator, json.dumps([*keep])),
            )

    def suggest(self, round_name: str, hints: Mapping[str, Hint]) -> None:
        """Write down what a model says of the round's pictures, by sha256."""
        rows = [(hint.label, hint.score, hint.model, sha256, round_name) for sha256, hint in hints.items()]
        with self._transaction():
            self._db.executemany(
                "UPDATE task SET suggested = ?, score = ?, model_id = ? WHERE sha256 = ? AND round = ?", rows
            )

    def counts(self, round_name: str) -> dict[str, int]:
        """How many tasks of the round are open, leased, done and parked."""
        found = dict(
            self._db.execute(
                "SELECT state, count(*) FROM task WHERE round = ? GROUP BY state", (round_name,)
            ).fetchall()
        )
        return {state: found.get(state, 0) for state in ("open", "leased", "done", "parked")}

    # What people say

    def answer(self, task: Task, annotator: str, answer: Answer, uid: str = "") -> int:
        """Commit a label or a skip; the task is then done, or parked.

        Returns the event's id. `uid` makes a retried call harmless.
        Raises BusyError when the task is no longer ours.
        """
        with self._transaction():
            if (said := self._known(uid)) is not None:
                return said
            held = self._db.execute(
                "UPDATE task SET state = ?, lease_by = NULL, lease_until = NULL "
                "WHERE task_id = ? AND state = 'leased' AND lease_by = ? RETURNING round",
                ("parked" if answer.label is None else "done", task.task_id, annotator),
            ).fetchone()
            if held is None:
                raise BusyError(f"{LOST}the picture was given to somebody else meanwhile")
            return self._append(
                uid=uid,
                task_id=task.task_id,
                sha256=task.sha256,
                annotator=annotator,
                **columns_of(held["round"], answer),
            )

    def relabel(self, event: Event, annotator: str, answer: Answer, uid: str = "") -> int:
        """Change one's own earlier answer by a new event; returns its id. `uid` makes a retry harmless."""
        with self._transaction():
            if (said := self._known(uid)) is not None:
                return said
            old = self._db.execute(
                "SELECT round FROM label_event WHERE event_id = ?", (event.event_id,)
            ).fetchone()
            if event.task_id is not None:
                self._db.execute("UPDATE task SET state = 'done' WHERE task_id = ?", (event.task_id,))
            return self._append(
                uid=uid,
                task_id=event.task_id,
                sha256=event.sha256,
                annotator=annotator,
                **columns_of(old["round"], answer),
            )

    def undo(self, annotator: str, round_name: str, uid: str = "") -> Event | None:
        """Take back the annotator's last standing answer of the round; its task is leased to them again.

        An answer that was itself a change gives way to the one before it. None when nothing is left.
        """
        with self._transaction():
            last = self._db.execute(
                "SELECT * FROM standing WHERE annotator = ? AND round = ? AND kind <> 'import' "
                "ORDER BY event_id DESC LIMIT 1",
                (annotator, round_name),
            ).fetchone()
            if last is None:
                return None
            self._append(
                uid=uid,
                task_id=last["task_id"],
                sha256=last["sha256"],
                round=round_name,
                annotator=annotator,
                kind="undo",
                undoes=last["event_id"],
            )
            earlier = self._db.execute(
                "SELECT 1 FROM standing WHERE task_id = ? AND kind <> 'skip'", (last["task_id"],)
            ).fetchone()
            if earlier is None:
                self._db.execute(
                    "UPDATE task SET state = 'leased', lease_by = :me, lease_until = :until "
                    "WHERE task_id = :task AND (lease_by IS NULL OR lease_by = :me)",
                    {"me": annotator, "until": time.time() + LEASE_S, "task": last["task_id"]},
                )
            return as_event(last)

    def knows(self, uid: str) -> bool:
        """Whether an event with this uid is committed: a retried call may ask before it does anything."""
        return self._known(uid) is not None

    def task(self, task_id: int) -> Task:
        """Give a task as it was queued."""
        return as_task(self._db.execute("SELECT * FROM task WHERE task_id = ?", (task_id,)).fetchone())

    def _known(self, uid: str) -> int | None:
        found = self._db.execute("SELECT event_id FROM label_event WHERE uid = ?", (uid,)).fetchone()
        return int(found["event_id"]) if found else None

    def import_labels(self, annotator: str, labels: Iterable[Import], at: str) -> int:
        """Take in a list's labels; only those that differ from what the list said before are added.

        Waiting tasks of these pictures are done, but for adjudications. Returns how many events were added.
        """
        added = 0
        with self._transaction():
            for given in labels:
                before = self._db.execute(
                    "SELECT label, flags FROM current_label WHERE sha256 = ? AND annotator = ?",
                    (given.sha256, annotator),
                ).fetchone()
                if before and (before["label"], before["flags"]) == (given.label, given.flags):
                    continue
                self._append(
                    sha256=given.sha256,
                    round="import",
                    annotator=annotator,
                    kind="import",
                    label=given.label,
                    flags=given.flags,
                    note=given.note,
                    at=at,
                )
                self._db.execute(
                    "UPDATE task SET state = 'done' WHERE sha256 = ? AND state = 'open' AND round <> ?",
                    (given.sha256, ADJUDICATE),
                )
                added += 1
        return added

    def restore(self, events: Iterable[dict[str, Any]]) -> None:
        """Take in events of another store, as `events` gives them; those that are here already are left out.

        Raises KeyError when an event takes back one that is not there.
        """
        with self._transaction():
            numbers: dict[str, int] = dict(
                self._db.execute("SELECT uid, event_id FROM label_event").fetchall()
            )
            for event in events:
                if event["uid"] in numbers:
                    continue
                fields = {name: value for name, value in event.items() if name != "strategy"}
                if event["undoes"]:
                    fields["undoes"] = numbers[event["undoes"]]
                if event["strategy"]:
                    fields["task_id"] = self._restored_task(event)
                numbers[event["uid"]] = self._append(**fields)
            self._db.execute(
                "UPDATE task SET state = 'done' WHERE state = 'parked' AND EXISTS (SELECT 1 FROM standing "
                "AS s WHERE s.sha256 = task.sha256 AND s.round = task.round AND s.kind <> 'skip')"
            )

    def _restored_task(self, event: dict[str, Any]) -> int:
        """Give the task of an event from elsewhere; a new one is parked until all events are known."""
        key = (event["sha256"], event["round"])
        known = self._db.execute("SELECT task_id FROM task WHERE sha256 = ? AND round = ?", key).fetchone()
        if known:
            return int(known["task_id"])
        cursor = self._db.execute(
            "INSERT INTO task(sha256, round, priority, strategy, state) VALUES (?, ?, 0, ?, 'parked')",
            (*key, event["strategy"]),
        )
        return int(cursor.lastrowid or 0)

    def _append(self, **fields: Any) -> int:
        """Write one event. The names are ours, never a user's."""
        fields["uid"] = fields.get("uid") or uuid.uuid4().hex
        fields.setdefault("at", now())
        names, marks = ", ".join(fields), ", ".join(f":{name}" for name in fields)
        cursor = self._db.execute(f"INSERT INTO label_event({names}) VALUES ({marks})", fields)  # noqa: S608 - own names
        return int(cursor.lastrowid or 0)

    # What has been said

    def own_answers(self, annotator: str, round_name: str) -> list[Event]:
        """Give the annotator's current labels of the round, oldest first, one for each picture."""
        rows = self._db.execute(
            "SELECT * FROM current_label WHERE annotator = ? AND round = ? AND kind <> 'import' "
            "ORDER BY event_id",
            (annotator, round_name),
        )
        return [as_event(row) for row in rows]

    def current_labels(self) -> list[dict[str, Any]]:
        """Every annotator's current label of every picture, by picture and event."""
        rows = self._db.execute("SELECT * FROM current_label ORDER BY sha256, event_id")
        return [dict(row) for row in rows]

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield the whole log, oldest first, without the numbers of this one database.

        `undoes` is the uid of the event that was taken back, `strategy` how its task was chosen.
        """
        rows = self._db.execute(
            "SELECT e.*, u.uid AS undone, t.strategy FROM label_event AS e "
            "LEFT JOIN label_event AS u ON u.event_id = e.undoes "
            "LEFT JOIN task AS t ON t.task_id = e.task_id ORDER BY e.event_id"
        )
        for row in rows:
            event = dict(row)
            event["undoes"] = event.pop("undone")
            yield {name: value for name, value in event.items() if name not in ("event_id", "task_id")}


class _Transaction:
    """BEGIN IMMEDIATE … COMMIT; SQLite's own faults become StorageError."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db, self._path = db, path

    def __enter__(self) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._db.execute("COMMIT" if error is None else "ROLLBACK")
        except sqlite3.Error as fault:
            raise self._fault(fault) from fault
        if isinstance(error, sqlite3.Error):
            raise self._fault(error) from error

    def _fault(self, error: sqlite3.Error) -> StorageError:
        return StorageError(
            f"the label store failed: {error}", where=str(self._path), fix="free some space and go on"
        )


def _statements(script: str) -> Iterator[str]:
    """Cut a script where SQLite says that a statement is complete."""
    text = ""
    for line in script.splitlines():
        text += line + "\n"
        if sqlite3.complete_statement(text):
            yield text
            text = ""
