"""One person's labelling session: what is shown, what a key does to it, what was done. No pixels, no keys."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from wreck_core.errors import BusyError, WreckError
from wreck_core.labeling.store import Event, Store, Task

AHEAD = 3  # leased tasks: the one that is shown, and those whose pictures are decoded meanwhile


class LabelSession:
    """The state machine behind the window, the page and the script.

    `shown` is the picture to judge (its sha256), or None when the queue is empty. An answer is
    committed before `shown` moves on. When a commit fails nothing moves and `fault` says why; only
    a picture that was given to somebody else meanwhile makes way for the next.
    """

    def __init__(
        self, store: Store, pictures: Mapping[str, Path], annotator: str, round_name: str, labels: list[str]
    ) -> None:
        self.annotator, self.round_name, self.labels = annotator, round_name, labels
        self.message, self.fault = "", ""
        self.given = 0
        self._store, self._pictures = store, pictures
        self._queue: deque[Task] = deque()
        self._review: list[Event] = []
        self._at: int | None = None  # index into _review while looking back
        self._began = time.monotonic()
        self._fill()

    # What to show

    @property
    def shown(self) -> str | None:
        """The sha256 of the picture on show."""
        if self._at is not None:
            return self._review[self._at].sha256
        return self._queue[0].sha256 if self._queue else None

    @property
    def looking_back(self) -> str | None:
        """The label that the picture on show already has from us, or None for a new one."""
        return self._review[self._at].label if self._at is not None else None

    @property
    def upcoming(self) -> list[Path]:
        """Files worth decoding ahead, the next first."""
        return [
            self._pictures[task.sha256] for task in list(self._queue)[1:] if task.sha256 in self._pictures
        ]

    def path(self) -> Path | None:
        """Give the file of the picture on show; None when there is none."""
        return self._pictures.get(self.shown) if self.shown else None

    def progress(self) -> tuple[int, int]:
        """How many pictures of the round are done, of how many that are not parked."""
        counts = self._store.counts(self.round_name)
        return counts["done"], counts["done"] + counts["open"] + counts["leased"]

    def rate_per_min(self) -> float:
        """Answers a minute in this session."""
        elapsed_s = time.monotonic() - self._began
        return 60 * self.given / elapsed_s if elapsed_s > 0 else 0.0

    def why_empty(self) -> str:
        """Say why there is nothing to show."""
        counts = self._store.counts(self.round_name)
        if not sum(counts.values()):
            return "the queue is empty: run `wreck enqueue` first"
        parts = ["all done" if not counts["leased"] else f"{counts['leased']} are with others at the moment"]
        if counts["parked"]:
            parts.append(f"{counts['parked']} were skipped; `wreck enqueue` brings them back")
        return "; ".join(parts)

    # What a person does

    def label(self, label: str, shown_ms: int | None = None) -> bool:
        """Give the picture on show a label, or change it while looking back. False when it was not saved."""
        if self.shown is None:
            return False
        if self._at is None:
            return self._answer(label, shown_ms)
        event = self._review[self._at]
        if not self._saved(lambda: self._store.relabel(event, self.annotator, label)):
            return False
        self.message = f"{event.label} changed to {label}"
        self._at = None
        return True

    def skip(self, shown_ms: int | None = None) -> bool:
        """Leave the picture for later. False when that was not saved."""
        if self.shown is None or self._at is not None:
            return False
        return self._answer(None, shown_ms)

    def undo(self) -> bool:
        """Take back the last answer, also of an earlier session; its picture is shown again."""
        taken: list[Event | None] = []
        if not self._saved(lambda: taken.append(self._store.undo(self.annotator, self.round_name))):
            return False
        event = taken[0]
        if event is None:
            self.message = "nothing to undo"
            return False
        self.message = f"undone: {event.label or 'skip'}"
        self._show_again(event)
        return True

    def back(self) -> None:
        """Look at the answer before."""
        if self._at is None:
            self._review = self._store.own_answers(self.annotator, self.round_name)
            self._at = len(self._review)
        if self._at == 0:
            self.message = "this is your first label" if self._review else "no labels of yours yet"
            self._at = 0 if self._review else None
        else:
            self._at -= 1
            self.message = f"looking back: you said {self._review[self._at].label}"

    def forward(self) -> None:
        """Look at the answer after, or return to the picture that waits."""
        if self._at is None:
            self.message = "space skips; D only returns from looking back"
        elif self._at + 1 < len(self._review):
            self._at += 1
            self.message = f"looking back: you said {self._review[self._at].label}"
        else:
            self._at = None
            self.message = ""

    def close(self) -> None:
        """Give back what was leased and not answered."""
        self._store.release(self.annotator)

    def _show_again(self, undone: Event) -> None:
        """Show the picture of an answer that was taken back.

        Where the answer was a change, the one before it stands again, and we look back at that;
        else the picture waits, first in the queue.
        """
        self._review = self._store.own_answers(self.annotator, self.round_name)
        standing = [at for at, event in enumerate(self._review) if event.sha256 == undone.sha256]
        self._at = standing[0] if standing else None
        if not standing and undone.label is not None:
            self.given = max(0, self.given - 1)
        if not standing and undone.task_id is not None:
            task = Task(undone.task_id, undone.sha256)
            self._queue = deque([task, *(other for other in self._queue if other != task)])

    def _answer(self, label: str | None, shown_ms: int | None) -> bool:
        task = self._queue[0]
        try:
            saved = self._saved(lambda: self._store.answer(task, self.annotator, label, shown_ms=shown_ms))
        except BusyError as lost:
            # Others may have taken the pictures that wait behind it too: ask the store what is ours.
            self.fault = lost.what
            self._queue.clear()
            self._fill()
            return False
        if not saved:
            return False
        self._queue.popleft()
        self.given += label is not None
        self.message = f"{label} saved, U takes it back" if label else "skipped, U takes it back"
        self._fill()
        return True

    def _saved(self, write: Callable[[], object]) -> bool:
        try:
            write()
        except BusyError:
            raise
        except WreckError as error:
            self.fault = error.what
            return False
        self.fault = ""
        return True

    def _fill(self) -> None:
        held = {task.task_id for task in self._queue}
        if len(held) < AHEAD:
            claimed = self._store.claim(self.annotator, self.round_name, AHEAD)
            self._queue.extend(task for task in claimed if task.task_id not in held)
