"""The log: what people and lists have said of pictures, append-only, and what of it stands."""

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from wreck_core import clock
from wreck_core.labeling.database import Database
from wreck_core.labeling.records import Event, Import
from wreck_core.labeling.rows import as_event
from wreck_core.labeling.schema import ADJUDICATE, PRIMARY, REPEAT


class Log(Database):
    """The events of a label store."""

    def knows(self, uid: str) -> bool:
        """Whether an event with this uid is committed: a retried call may ask before it does anything."""
        return self._known(uid) is not None

    def own_answers(self, annotator: str, round_name: str) -> list[Event]:
        """Give the annotator's current labels of the round, oldest first, one for each picture."""
        rows = self._db.execute(
            "SELECT * FROM current_label WHERE annotator = ? AND round = ? AND kind <> 'import' "
            "ORDER BY event_id",
            (annotator, round_name),
        )
        return [as_event(row) for row in rows]

    def current_labels(self) -> list[dict[str, Any]]:
        """Every annotator's current label of every picture, by picture and event.

        `selection` is how the picture first came to be labelled: `list`, or the strategy of its task.
        """
        first = self.selections()
        rows = self._db.execute("SELECT * FROM current_label ORDER BY sha256, event_id")
        return [{**dict(row), "selection": first[row["sha256"]]} for row in rows]

    def selections(self) -> dict[str, str]:
        """Say of each labelled picture how it first came to be labelled, as in `current_labels`."""
        # SQLite takes the bare columns of a group from the row that has the minimum.
        rows = self._db.execute(
            "SELECT e.sha256, min(e.event_id), CASE e.kind WHEN 'import' THEN 'list' "
            "ELSE coalesce(t.strategy, '') END AS selection "
            "FROM standing AS e LEFT JOIN task AS t ON t.task_id = e.task_id "
            "WHERE e.kind <> 'skip' GROUP BY e.sha256"
        )
        return {row["sha256"]: row["selection"] for row in rows}

    def answers(self) -> Iterator[dict[str, Any]]:
        """Yield who said what of which picture and when, also what was taken back; a skip has no label."""
        rows = self._db.execute(
            "SELECT sha256, annotator, label, at, flags, x, y, w, h FROM label_event "
            "WHERE kind <> 'undo' ORDER BY event_id"
        )
        yield from map(dict, rows)

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield the whole log, oldest first, without the numbers of this one database.

        `undoes` is the uid of the event that was taken back, `strategy` how its task was chosen, and
        `gold` the answer that was known before.
        """
        rows = self._db.execute(
            "SELECT e.*, u.uid AS undone, t.strategy, t.gold FROM label_event AS e "
            "LEFT JOIN label_event AS u ON u.event_id = e.undoes "
            "LEFT JOIN task AS t ON t.task_id = e.task_id ORDER BY e.event_id"
        )
        for row in rows:
            event = dict(row)
            event["undoes"] = event.pop("undone")
            yield {name: value for name, value in event.items() if name not in ("event_id", "task_id")}

    def history(self, sha256: str) -> list[dict[str, Any]]:
        """Give all events of one picture, oldest first; `standing` is 0 for what no longer counts."""
        rows = self._db.execute(
            "SELECT e.*, t.strategy, e.event_id IN (SELECT c.event_id FROM current_label AS c "
            "WHERE c.sha256 = e.sha256) AS standing FROM label_event AS e "
            "LEFT JOIN task AS t ON t.task_id = e.task_id WHERE e.sha256 = ? ORDER BY e.event_id",
            (sha256,),
        )
        return [dict(row) for row in rows]

    def pictures_of(self, beginning: str) -> list[str]:
        """Give the sha256 of each picture of which something was said, and whose sha256 begins so."""
        rows = self._db.execute(
            "SELECT DISTINCT sha256 FROM label_event WHERE substr(sha256, 1, ?) = ? ORDER BY sha256",
            (len(beginning), beginning),
        )
        return [row["sha256"] for row in rows]

    def gold_answers(self) -> list[tuple[str, str, str]]:
        """Give (annotator, label, known answer) of each repeat whose answer is known: the first word."""
        rows = self._db.execute(
            "SELECT min(e.event_id), e.annotator, e.label, t.gold FROM standing AS e "
            "JOIN task AS t ON t.task_id = e.task_id WHERE t.gold IS NOT NULL AND e.kind = 'label' "
            "GROUP BY e.task_id, e.annotator ORDER BY 1"
        )
        return [(row["annotator"], row["label"], row["gold"]) for row in rows]

    def times_ms(self) -> list[tuple[str, int]]:
        """Give (annotator, milliseconds on show) of every label that stands and was timed."""
        rows = self._db.execute(
            "SELECT annotator, shown_ms FROM standing WHERE kind <> 'skip' AND shown_ms IS NOT NULL"
        )
        return [(row["annotator"], row["shown_ms"]) for row in rows]

    def import_labels(self, annotator: str, labels: Iterable[Import], at: str) -> int:
        """Take in a list's labels; only those that differ from what the list said before are added.

        Waiting tasks of these pictures are done, but for adjudications. Returns how many events were added.
        """
        added = 0
        with self._transaction():
            for given in labels:
                before = self._db.execute(
                    "SELECT label, flags, x, y, w, h FROM current_label WHERE sha256 = ? AND annotator = ?",
                    (given.sha256, annotator),
                ).fetchone()
                sides = {side: getattr(given.box, side, None) for side in "xywh"}
                if before and tuple(before) == (given.label, given.flags, *sides.values()):
                    continue
                self._append(
                    sha256=given.sha256,
                    round="import",
                    annotator=annotator,
                    kind="import",
                    label=given.label,
                    flags=given.flags,
                    note=given.note,
                    shown_ms=given.shown_ms,
                    at=at,
                    **sides,
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
                fields = {name: value for name, value in event.items() if name not in ("strategy", "gold")}
                if event["undoes"]:
                    fields["undoes"] = numbers[event["undoes"]]
                if event["strategy"]:
                    fields["task_id"] = self._restored_task(event)
                numbers[event["uid"]] = self._append(**fields)
                if event["kind"] in ("label", "import"):  # need not be labelled here once more
                    self._settle(event["sha256"], PRIMARY if event["kind"] == "import" else event["round"])
            self._db.execute(
                "UPDATE task SET state = 'done' WHERE state = 'parked' AND EXISTS (SELECT 1 FROM standing "
                "AS s WHERE s.sha256 = task.sha256 AND s.round = task.round AND s.kind <> 'skip')"
            )

    def _settle(self, sha256: str, round_name: str) -> None:
        """Take a picture out of the queue of a round, but for a repeat of what is known."""
        self._db.execute(
            "UPDATE task SET state = 'done' "
            "WHERE sha256 = ? AND round = ? AND state = 'open' AND strategy <> ?",
            (sha256, round_name, REPEAT),
        )

    def _restored_task(self, event: dict[str, Any]) -> int:
        """Give the task of an event from elsewhere; a new one is parked until all events are known."""
        key = (event["sha256"], event["round"], event["strategy"] == REPEAT)
        known = self._db.execute(
            f"SELECT task_id FROM task WHERE sha256 = ? AND round = ? AND (strategy = '{REPEAT}') = ?",  # noqa: S608 - own word
            key,
        ).fetchone()
        if known:
            return int(known["task_id"])
        cursor = self._db.execute(
            "INSERT INTO task(sha256, round, strategy, gold, priority, state) "
            "VALUES (:sha256, :round, :strategy, :gold, 0, 'parked')",
            event,
        )
        return int(cursor.lastrowid or 0)

    def _known(self, uid: str) -> int | None:
        found = self._db.execute("SELECT event_id FROM label_event WHERE uid = ?", (uid,)).fetchone()
        return int(found["event_id"]) if found else None

    def _append(self, **fields: Any) -> int:
        """Write one event. The names are ours, never a user's."""
        fields["uid"] = fields.get("uid") or uuid.uuid4().hex
        fields.setdefault("at", clock.now())
        names, marks = ", ".join(fields), ", ".join(f":{name}" for name in fields)
        cursor = self._db.execute(f"INSERT INTO label_event({names}) VALUES ({marks})", fields)  # noqa: S608 - own names
        return int(cursor.lastrowid or 0)
