"""What goes into the label store and comes out of it, as values."""

from dataclasses import dataclass
from typing import Self

DIGITS = 5  # of a box's sides: a twentieth of a pixel in a picture of 4,000
LEAST_SIDE = 0.01  # a smaller box is a click that slipped


@dataclass(frozen=True)
class Box:
    """A crop box in parts (0-1) of the upright picture: left, top, width, height. Nothing is ever cut."""

    x: float
    y: float
    w: float
    h: float

    def __post_init__(self) -> None:
        """Raise ValueError for a box that is empty or not inside the picture."""
        slack = 10.0**-DIGITS
        inside = min(self.x, self.y) >= 0 and max(self.x + self.w, self.y + self.h) <= 1 + slack
        if not (inside and self.w > 0 and self.h > 0):
            raise ValueError("a box must lie inside the picture, 0 to 1, and have a width and a height")

    @classmethod
    def between(cls, one: tuple[float, float], other: tuple[float, float]) -> Self | None:
        """Span a box between two corners, clamped to the picture; None when it is hardly a click."""
        (left, right), (top, bottom) = (
            sorted(round(min(1.0, max(0.0, side)), DIGITS) for side in sides)
            for sides in zip(one, other, strict=True)
        )
        if right - left < LEAST_SIDE or bottom - top < LEAST_SIDE:
            return None
        return cls(left, top, round(right - left, DIGITS), round(bottom - top, DIGITS))


@dataclass(frozen=True)
class Hint:
    """What a model says of a picture: a label, and its probability (0-1)."""

    label: str
    score: float
    model: str


@dataclass(frozen=True)
class Answer:
    """What a person says of a picture: a label, or None for a skip, and what goes with it.

    `shown_ms` is how long the picture was on show, `hint_shown` whether the model's word could be read.
    """

    label: str | None
    box: Box | None = None
    flags: tuple[str, ...] = ()
    note: str = ""
    shown_ms: int | None = None
    hint: Hint | None = None
    hint_shown: bool = False


@dataclass(frozen=True)
class Task:
    """A picture that waits for one answer, leased to whoever claimed it.

    `strategy` says how it was chosen, `hint` what the model said that chose it.
    """

    task_id: int
    sha256: str
    strategy: str = ""
    hint: Hint | None = None


@dataclass(frozen=True)
class Event:
    """What somebody said of a picture: `kind` is label, adjudicate or skip."""

    event_id: int
    task_id: int | None
    sha256: str
    kind: str
    answer: Answer

    @property
    def label(self) -> str | None:
        """The label; None for a skip."""
        return self.answer.label


@dataclass(frozen=True)
class Import:
    """A label from a list: `flags` is space-separated words, `shown_ms` how long it took."""

    sha256: str
    label: str
    flags: str = ""
    note: str = ""
    box: Box | None = None
    shown_ms: int | None = None
