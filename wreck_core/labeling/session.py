"""One person's labelling session: what is shown, what a key does to it, what was done. No pixels, no keys."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from wreck_core.errors import BusyError, WreckError
from wreck_core.labeling.draft import Draft
from wreck_core.labeling.grid import COLUMNS, ROWS, Grid
from wreck_core.labeling.lookback import LookBack
from wreck_core.labeling.pace import Pace
from wreck_core.labeling.records import Answer, Box, Event, Hint, Task
from wreck_core.labeling.store import LOST, Store
from wreck_core.params import LabelParams

AHEAD = 3  # leased tasks: the one that is shown, and those whose pictures are decoded meanwhile
UNSEEN_LABEL = "reject"  # the only one for a picture that cannot be decoded


@dataclass(frozen=True)
class Picture:
    """Where a picture lies, and what is known of it, in words and in the order to be read."""

    path: Path
    facts: Mapping[str, str] = field(default_factory=dict)


class LabelSession:
    """The state machine behind the window, the page and the script.

    `shown` is the picture to judge (its sha256), or None when the queue is empty. An answer is
    committed before `shown` moves on. When a commit fails nothing moves and `fault` says why; only
    a picture that was given to somebody else meanwhile makes way for the next.

    `draft` goes with the next answer; over a picture that has one already it begins as that says.
    A `uid` makes a retried call harmless: what is committed already is not done again.
    """

    def __init__(
        self,
        store: Store,
        pictures: Mapping[str, Picture],
        annotator: str,
        round_name: str,
        settings: LabelParams,
    ) -> None:
        self.annotator, self.round_name, self.settings = annotator, round_name, settings
        self.message, self.fault = "", ""
        self.given = 0
        self.draft = Draft()
        self.hints_on = False
        self.grid: Grid | None = None
        self.pace = Pace()
        self._accepted: set[str] = set()  # uids of pages
        self._store, self._pictures = store, pictures
        self._queue: deque[Task] = deque()
        self._past = LookBack(lambda: store.own_answers(annotator, round_name))
        self._fill()
        self._start_answer()

    # What to show

    @property
    def shown(self) -> str | None:
        """The sha256 of the picture on show."""
        on_show = self._past.event or self._first()
        return on_show.sha256 if on_show else None

    @property
    def looking_back(self) -> str | None:
        """The label that the picture on show already has from us, or None for a new one."""
        return self._past.event.label if self._past.event else None

    @property
    def upcoming(self) -> list[str]:
        """The pictures worth decoding ahead, the next first."""
        return [task.sha256 for task in list(self._queue)[1:AHEAD]]

    @property
    def strategy(self) -> str:
        """How the picture on show was chosen, such as `random`."""
        task = self._task()
        return task.strategy if task else ""

    @property
    def hint(self) -> Hint | None:
        """What the model says of the picture on show; None while hints are off, or when it says nothing."""
        return self._known_hint() if self.hints_on else None

    def path(self) -> Path | None:
        """Give the file of the picture on show; None when there is none."""
        return self.path_of(self.shown) if self.shown else None

    def path_of(self, sha256: str) -> Path | None:
        """Give the file of any picture; None when there is none."""
        picture = self._pictures.get(sha256)
        return picture.path if picture else None

    def info(self) -> dict[str, str]:
        """Tell what is known of the picture on show, in words."""
        if self.shown is None:
            return {}
        picture = self._pictures.get(self.shown)
        return {"sha256": self.shown, **(picture.facts if picture else {}), "chosen by": self.strategy}

    def progress(self) -> tuple[int, int]:
        """How many pictures of the round are done, of how many that are not parked."""
        counts = self.counts()
        return counts["done"], counts["done"] + counts["open"] + counts["leased"]

    def counts(self) -> dict[str, int]:
        """How many pictures of the round are open, leased, done and parked."""
        return self._store.counts(self.round_name)

    def done_before(self, uid: str) -> bool:
        """Whether a call of this uid was committed; never for ""."""
        return bool(uid) and (uid in self._accepted or self._store.knows(uid))

    def top_up(self) -> None:
        """Claim what comes next, at leisure, so that the next answer need not."""
        waited, fault = not self._queue, self.fault
        if self._saved(self._fill):
            self.fault = fault  # that of an answer stays until that answer is saved
        if waited:
            self._start_answer()

    # What a person does before the answer

    def set_box(self, box: Box | None) -> None:
        """Mark the part of the picture that matters, or with None all of it."""
        self.draft.box = box if self.shown else None
        if self.shown:
            self.message = "box set, C clears it" if box else "no box: the whole picture counts"

    def toggle_flag(self, flag: str) -> None:
        """Put a remark of `settings.flags` on the picture, or take it off. Raises ValueError for another."""
        if self.shown is None:
            return
        on = self.draft.toggle(flag, self.settings.flags)
        self.message = f"flag {flag} {'set' if on else 'taken off'}"

    def toggle_hints(self) -> None:
        """Show what the model says, or stop showing it. An answer given in its sight is marked so."""
        self.hints_on = not self.hints_on
        self.draft.hint_shown |= self.hint is not None
        if not self.hints_on:
            self.message = "hints are off"
        elif self.hint is None and self.shown:
            self.message = "hints are on; no model has seen this picture"
        else:
            self.message = "hints are on, and answers marked so"

    # What a person does

    def label(self, label: str, shown_ms: int | None = None, uid: str = "") -> bool:
        """Give the picture on show a label, or change it while looking back. False when it was not saved."""
        if self.done_before(uid):
            return True
        if self.shown is None:
            return False
        answer, event = self._answer(label, shown_ms), self._past.event
        if event is None:
            return self._give(answer, uid)
        if not self._saved(lambda: self._store.relabel(event, self.annotator, answer, uid)):
            if self.fault.startswith(LOST):  # with its picture: on to what waits
                self._past.event = None
                self._start_answer()
            return False
        same = event.label == label
        self.message = f"{label} saved again, changed" if same else f"{event.label} changed to {label}"
        self._past.event = None
        self._start_answer()
        return True

    def skip(self, shown_ms: int | None = None, uid: str = "") -> bool:
        """Leave the picture for later. False when that was not saved."""
        if self.done_before(uid):
            return True
        if self.shown is None or self._past.event:
            return False
        return self._give(self._answer(None, shown_ms), uid)

    def undo(self, uid: str = "") -> bool:
        """Take back the last answer, also of an earlier session; its picture is shown again."""
        if self.done_before(uid):
            return True
        taken: list[Event | None] = []
        if not self._saved(lambda: taken.append(self._store.undo(self.annotator, self.round_name, uid))):
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
        self._look(self._past.back)

    def forward(self) -> None:
        """Look at the answer after, or return to the picture that waits."""
        self._look(self._past.forward)

    def _look(self, step: Callable[[], str]) -> None:
        before = self._past.event
        self.message = step()
        if self._past.event is not before:
            self._start_answer()

    # A page of pictures at once

    def open_grid(self) -> None:
        """Show a page of waiting pictures that a model takes for one class; called again, of the next class.

        While `grid` is not None the person judges that page: `grid.toggle` marks the odd ones.
        """
        classes = self.settings.classes
        turn = (classes.index(self.grid.label) + 1) % len(classes) if self.grid else 0
        self.close_grid()
        self._open_grid([*classes[turn:], *classes[:turn]])

    def accept_grid(self, shown_ms: int | None = None, uid: str = "") -> bool:
        """Give all but the odd ones their label, an event each, and show the next page of that class.

        The odd ones come next, one by one, when the grid is closed. False when not all was saved:
        what was not stays on the page.
        """
        if self.done_before(uid):
            return True
        grid = self.grid
        if grid is None:
            return False
        each_ms = shown_ms // len(grid.tasks) if shown_ms is not None else None
        saved = lost = 0
        for task in grid.agreed:
            answer = grid.answer(task, each_ms)
            try:
                if not self._saved(partial(self._store.answer, task, self.annotator, answer)):
                    return False
                saved += 1
                self.pace.answered()
            except BusyError:
                lost += 1
            grid.drop(task)
        self._accepted.add(uid)
        self.given += saved
        self._queue.extendleft(reversed(grid.tasks))
        self.grid = None
        self._open_grid([grid.label])
        self._start_answer()
        self.message = f"{saved} {grid.label} saved" + (f", {lost} had gone to somebody else" if lost else "")
        if not self.grid:
            self.message += f"; that was the last page of {grid.label}"
        return True

    def close_grid(self) -> None:
        """Go back to one picture at a time; what the page held waits again."""
        if self.grid:
            self.grid = None
            self._store.release(self.annotator, [task.task_id for task in self._queue])

    def _open_grid(self, labels: list[str]) -> None:
        for label in labels:
            tasks = self._store.claim_suggested(self.annotator, self.round_name, label, ROWS * COLUMNS)
            if tasks:
                self.grid = Grid(label, tasks)
                self.message = f"what a model takes for {label}, the surest first"
                return
        self.message = "no model has spoken of the pictures that wait: nothing for the grid"

    def close(self) -> None:
        """Give back what was leased and not answered."""
        self._store.release(self.annotator)

    def _first(self) -> Task | None:
        return self._queue[0] if self._queue else None

    def _task(self) -> Task | None:
        """Give the task of the picture on show; an answer from a list has none."""
        event = self._past.event
        if event is None:
            return self._first()
        return self._store.task(event.task_id) if event.task_id is not None else None

    def _known_hint(self) -> Hint | None:
        task = self._task()
        return task.hint if task else None

    def _start_answer(self, said: Answer | None = None) -> None:
        """Begin the answer to the picture on show, from what was said of it before."""
        standing = self._past.event.answer if self._past.event else said
        self.draft = Draft.of(standing or Answer(None))
        self.draft.hint_shown = self.hint is not None

    def _answer(self, label: str | None, shown_ms: int | None) -> Answer:
        return self.draft.answer(label, shown_ms, self._known_hint())

    def _show_again(self, undone: Event) -> None:
        """Show the picture of an answer that was taken back.

        Where the answer was a change, the one before it stands again, and we look back at that;
        else the picture waits, first in the queue.
        """
        if not self._past.find(undone.sha256):
            if undone.label is not None:
                self.given = max(0, self.given - 1)
            if undone.task_id is not None:
                others = [task for task in self._queue if task.task_id != undone.task_id]
                self._queue = deque([*filter(None, [self._store.task(undone.task_id)]), *others])
        self._start_answer(undone.answer)

    def _give(self, answer: Answer, uid: str) -> bool:
        task = self._queue[0]
        try:
            saved = self._saved(lambda: self._store.answer(task, self.annotator, answer, uid))
        except BusyError as lost:
            # Others may have taken the pictures that wait behind it too: ask the store what is ours.
            self.fault = lost.what
            self._queue.clear()
            self._fill()
            self._start_answer()
            return False
        if not saved:
            return False
        self._queue.popleft()
        if answer.label is None:
            self.message = "skipped — U to undo"
        else:
            self.pace.answered()
            self.given += 1
            self.message = f"{answer.label} #{self.progress()[0]:,} saved — U to undo"
        if len(self._queue) < AHEAD - 1:
            self._saved(self._fill)
        self._start_answer()
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
