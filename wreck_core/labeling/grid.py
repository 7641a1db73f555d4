"""A page of pictures that a model takes for one label, to be checked at a glance. No pixels, no keys."""

from dataclasses import dataclass, field

from wreck_core.labeling.records import Answer, Task

ROWS, COLUMNS = 3, 4


@dataclass
class Grid:
    """The pictures of one page, the surest first, and which of them are odd: those keep waiting."""

    label: str
    tasks: list[Task]
    odd: set[int] = field(default_factory=set)

    def toggle(self, index: int) -> None:
        """Take a picture (by its place on the page) out of the page's label, or back into it."""
        if 0 <= index < len(self.tasks):
            self.odd ^= {index}

    @property
    def agreed(self) -> list[Task]:
        """The pictures that get the page's label."""
        return [task for at, task in enumerate(self.tasks) if at not in self.odd]

    def drop(self, task: Task) -> None:
        """Take out a picture that has its answer now; the others keep what was said of them."""
        odd = [task for at, task in enumerate(self.tasks) if at in self.odd]
        self.tasks.remove(task)
        self.odd = {self.tasks.index(other) for other in odd if other in self.tasks}

    def answer(self, task: Task, shown_ms: int | None) -> Answer:
        """Give the answer of one picture: `shown_ms` is its share of the time that the page was on show."""
        return Answer(self.label, shown_ms=shown_ms, hint=task.hint, hint_shown=True)
