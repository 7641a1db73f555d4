"""Values as rows of the label store's tables, and back."""

import sqlite3
from typing import Any

from wreck_core.labeling.records import Answer, Box, Event, Hint, Task
from wreck_core.labeling.schema import REPEAT, answer_kind


def columns_of(round_name: str, answer: Answer) -> dict[str, Any]:
    """Spread an answer over the columns of its event."""
    box = {side: getattr(answer.box, side) for side in "xywh"} if answer.box else {}
    hint = {"suggested": answer.hint.label, "score": answer.hint.score} if answer.hint else {}
    return (
        box
        | hint
        | {
            "round": round_name,
            "kind": answer_kind(round_name, answer.label),
            "label": answer.label,
            "flags": " ".join(sorted(answer.flags)),
            "note": answer.note,
            "shown_ms": answer.shown_ms,
            "hint_shown": int(answer.hint_shown),
        }
    )


def as_task(row: sqlite3.Row) -> Task:
    """Read a row of `task`. A repeat looks like any other: to know would not be blind."""
    hint = Hint(row["suggested"], row["score"], row["model_id"] or "") if row["score"] is not None else None
    strategy = "random" if row["strategy"] == REPEAT else row["strategy"]
    return Task(row["task_id"], row["sha256"], strategy, hint)


def as_event(row: sqlite3.Row) -> Event:
    """Read a row of `label_event`."""
    box = Box(row["x"], row["y"], row["w"], row["h"]) if row["w"] else None
    flags, note = tuple(row["flags"].split()), row["note"]
    return Event(
        row["event_id"], row["task_id"], row["sha256"], row["kind"], Answer(row["label"], box, flags, note)
    )
