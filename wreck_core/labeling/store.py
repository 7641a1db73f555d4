"""The label store: answers, each of which settles a task of the queue and enters the log, in one transaction.

A label that `answer` has returned for survives a kill -9. Any number of processes may work on a store.
"""

import time

from wreck_core.errors import BusyError, WreckError
from wreck_core.labeling.log import Log
from wreck_core.labeling.queue import LEASE_S, Queue
from wreck_core.labeling.records import Answer, Event, Task
from wreck_core.labeling.rows import as_event, columns_of

LOST = "not saved: "  # how a BusyError of `answer` begins


class Store(Queue, Log):
    """A label store: its queue, its log, and what people do with them."""

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
        """Change one's own earlier answer by a new event; returns its id. `uid` makes a retry harmless.

        Raises WreckError when the picture was taken down meanwhile, and the answer with it.
        """
        with self._transaction():
            if (said := self._known(uid)) is not None:
                return said
            old = self._db.execute(
                "SELECT round FROM label_event WHERE event_id = ? AND sha256 = ?",
                (event.event_id, event.sha256),
            ).fetchone()
            if old is None:
                raise WreckError(f"{LOST}the picture was taken down meanwhile")
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
