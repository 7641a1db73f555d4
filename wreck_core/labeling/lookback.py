"""Looking back: the answers that a person gave, and the one that is on show again."""

from collections.abc import Callable

from wreck_core.labeling.records import Event


class LookBack:
    """Steps through what `read` gives, the oldest first. `event` is the answer on show, None for none."""

    def __init__(self, read: Callable[[], list[Event]]) -> None:
        self.event: Event | None = None
        self._read = read
        self._answers: list[Event] = []

    def back(self) -> str:
        """Go to the answer before, the last one at first; say what is on show then."""
        if self.event is None:
            self._answers = self._read()
        at = self._answers.index(self.event) if self.event else len(self._answers)
        if at == 0:
            return "this is your first label" if self.event else "no labels of yours yet"
        return self._look_at(self._answers[at - 1])

    def forward(self) -> str:
        """Go to the answer after; after the last one look back no more."""
        if self.event is None:
            return "this is the picture that waits; A looks back, space skips"
        at = self._answers.index(self.event) + 1
        if at < len(self._answers):
            return self._look_at(self._answers[at])
        self.event = None
        return ""

    def find(self, sha256: str) -> bool:
        """Go to the answer that stands for a picture; without one look back no more."""
        self._answers = self._read()
        self.event = next((event for event in self._answers if event.sha256 == sha256), None)
        return self.event is not None

    def _look_at(self, event: Event) -> str:
        self.event = event
        return f"looking back: you said {event.label}"
