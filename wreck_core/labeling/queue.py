"""The queue: tasks in rounds, leased to whoever asks. A claim is one statement: no two get the same task."""

import json
import random
import sqlite3
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict

from wreck_core.labeling.database import Database
from wreck_core.labeling.records import Hint, Task
from wreck_core.labeling.rows import as_task
from wreck_core.labeling.schema import REPEAT, SEEN

LEASE_S = 600.0

_LEASE = "UPDATE task SET state = 'leased', lease_by = :me, lease_until = :until WHERE task_id IN "
_OPEN = f"FROM task WHERE round = :round AND state = 'open' AND NOT {SEEN}"
_CLAIM = f"""{_LEASE} (
  SELECT task_id FROM (
    SELECT task_id, 0 AS turn, priority FROM task WHERE round = :round AND state = 'leased'
      AND (lease_by = :me OR lease_until < :now AND NOT {SEEN})
    UNION ALL
    SELECT * FROM (SELECT task_id, 1, priority {_OPEN} ORDER BY priority DESC, task_id LIMIT :count))
  ORDER BY turn, priority DESC, task_id LIMIT :count)
RETURNING *"""  # noqa: S608 - own words
_CLAIM_SUGGESTED = f"""{_LEASE} (
  SELECT task_id {_OPEN} AND suggested = :label ORDER BY score DESC, task_id LIMIT :count)
RETURNING *"""


class Queue(Database):
    """The tasks of a label store."""

    def enqueue(
        self, tasks: Iterable[tuple[str, float]], round_name: str, strategy: str | Mapping[str, str]
    ) -> tuple[int, int]:
        """Make the round's waiting tasks exactly `tasks`, pairs of (sha256, priority), but for repeats.

        `strategy` says how they were chosen: all of them, or each by its sha256. A picture that the
        round knows keeps its task, with the new priority while it waits; a skipped one waits again.
        Waiting tasks of pictures that are not named are parked. Returns how many were added and parked.
        """
        wanted = {
            sha: (priority, strategy if isinstance(strategy, str) else strategy[sha])
            for sha, priority in tasks
        }
        with self._transaction():
            known = dict(
                self._db.execute(
                    "SELECT sha256, state FROM task WHERE round = ? AND strategy <> ?", (round_name, REPEAT)
                ).fetchall()
            )
            new = [(*row, sha, round_name) for sha, row in wanted.items() if sha not in known]
            self._db.executemany(
                "INSERT INTO task(priority, strategy, sha256, round) VALUES (?, ?, ?, ?)", new
            )
            again = [
                (*row, sha, round_name, REPEAT)
                for sha, row in wanted.items()
                if known.get(sha) in ("open", "parked")
            ]
            self._db.executemany(
                "UPDATE task SET state = 'open', priority = ?, strategy = ? "
                "WHERE sha256 = ? AND round = ? AND strategy <> ? AND state IN ('open', 'parked')",
                again,
            )
            unwanted = [
                (sha, round_name, REPEAT)
                for sha, state in known.items()
                if state == "open" and sha not in wanted
            ]
            self._db.executemany(
                "UPDATE task SET state = 'parked' WHERE sha256 = ? AND round = ? AND strategy <> ?", unwanted
            )
        reopened = sum(known[sha] == "parked" for sha in wanted if sha in known)
        return len(new) + reopened, len(unwanted)

    def mix_in(self, pictures: Mapping[str, str | None], round_name: str, seed: int) -> int:
        """Spread labelled pictures among the round's waiting ones, to be labelled once more by somebody else.

        `pictures` gives the known answer of each, None where it is not settled. One that waits so
        already is left out. Returns how many were added.
        """
        draw = random.Random(seed)  # noqa: S311 - a place in a queue is no secret
        with self._transaction():
            waiting = {row["sha256"] for row in self._repeats(round_name)}
            places = [
                row["priority"]
                for row in self._db.execute(
                    "SELECT priority FROM task WHERE round = ? AND state = 'open' ORDER BY task_id",
                    (round_name,),
                )
            ] or [0.0]
            new = [
                (sha, round_name, draw.choice(places), REPEAT, known)
                for sha, known in pictures.items()
                if sha not in waiting
            ]
            self._db.executemany(
                "INSERT INTO task(sha256, round, priority, strategy, gold) VALUES (?, ?, ?, ?, ?)", new
            )
        return len(new)

    def repeats(self, round_name: str) -> int:
        """How many repeats wait in the round."""
        return len(self._repeats(round_name))

    def _repeats(self, round_name: str) -> list[sqlite3.Row]:
        return self._db.execute(
            "SELECT sha256 FROM task WHERE round = ? AND state IN ('open', 'leased') AND strategy = ?",
            (round_name, REPEAT),
        ).fetchall()

    def waiting(self, round_name: str) -> dict[str, str]:
        """Give the open pictures of a round and how each was chosen, the next first, without repeats."""
        rows = self._db.execute(
            "SELECT sha256, strategy FROM task WHERE round = ? AND state = 'open' AND strategy <> ? "
            "ORDER BY priority DESC, task_id",
            (round_name, REPEAT),
        )
        return dict(rows.fetchall())

    def claim(self, annotator: str, round_name: str, count: int = 1, lease_s: float = LEASE_S) -> list[Task]:
        """Lease the next tasks: first those that the annotator holds already, then expired and open ones.

        Nobody gets a picture that they have labelled, but to settle it or to audit it.
        """
        clock = time.time()
        asked = {"me": annotator, "until": clock + lease_s, "now": clock, "round": round_name, "count": count}
        with self._transaction():
            rows = self._db.execute(_CLAIM, asked).fetchall()
        ranked = sorted(rows, key=lambda row: (-row["priority"], row["task_id"]))
        return [as_task(row) for row in ranked]

    def claim_suggested(self, annotator: str, round_name: str, label: str, count: int) -> list[Task]:
        """Lease open tasks that a model takes for `label`, the surest first."""
        asked = {"me": annotator, "until": time.time() + LEASE_S, "round": round_name}
        with self._transaction():
            rows = self._db.execute(_CLAIM_SUGGESTED, {**asked, "label": label, "count": count}).fetchall()
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
        rows = [{**asdict(hint), "sha256": sha256, "round": round_name} for sha256, hint in hints.items()]
        with self._transaction():
            self._db.executemany(
                "UPDATE task SET suggested = :label, score = :score, model_id = :model "
                "WHERE sha256 = :sha256 AND round = :round "
                "AND (suggested IS NOT :label OR score IS NOT :score OR model_id IS NOT :model)",
                rows,
            )

    def counts(self, round_name: str) -> dict[str, int]:
        """How many tasks of the round are open, leased, done and parked."""
        found = dict(
            self._db.execute("SELECT state, tasks FROM tally WHERE round = ?", (round_name,)).fetchall()
        )
        return {state: found.get(state, 0) for state in ("open", "leased", "done", "parked")}

    def task(self, task_id: int) -> Task | None:
        """Give a task as it was queued; None when its picture was taken down meanwhile."""
        row = self._db.execute("SELECT * FROM task WHERE task_id = ?", (task_id,)).fetchone()
        return as_task(row) if row else None
