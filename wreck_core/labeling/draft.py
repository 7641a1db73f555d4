"""An answer before it is given: a box, flags, a note, and whether the model's word was read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from wreck_core.labeling.records import Answer, Box, Hint


@dataclass
class Draft:
    """All of an answer but the label."""

    box: Box | None = None
    flags: tuple[str, ...] = ()
    note: str = ""
    hint_shown: bool = False

    @classmethod
    def of(cls, said: Answer) -> Self:
        """Begin as an answer of before says; whether a hint is read now is another matter."""
        return cls(said.box, said.flags, said.note)

    def toggle(self, flag: str, known: Sequence[str]) -> bool:
        """Put on one of the `known` flags, or take it off; whether it is on now. Raises ValueError."""
        if flag not in known:
            raise ValueError(f"{flag!r} is none of {', '.join(known)}")
        self.flags = tuple(sorted({*self.flags} ^ {flag}))
        return flag in self.flags

    def answer(self, label: str | None, shown_ms: int | None, hint: Hint | None) -> Answer:
        """Give the answer; `hint` is what the model says, read or not."""
        return Answer(label, self.box, self.flags, self.note, shown_ms, hint, self.hint_shown)
