"""What a stage says when it is done. The doors (CLI, flows) decide how to show it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# on_progress(done, total, text): called from one thread, a few times a second at most.
Progress = Callable[[int, int, str], None]


def silent(done: int, total: int, text: str) -> None:
    """Show no progress."""


def count(many: int, noun: str, plural: str = "") -> str:
    """Say how many, in digits grouped by thousands: 1 model, 1,227 pictures."""
    return f"{many:,} {noun if many == 1 else plural or noun + 's'}"


@dataclass(frozen=True)
class Summary:
    """The outcome of one stage run.

    `headline` is one sentence; `rows` are (name, value) pairs for the closing table, in order;
    `notes` are sentences that the user should read; `ok` is False when the exit code must be 1;
    `data` is what --json prints besides.
    """

    headline: str
    rows: tuple[tuple[str, int | float | str], ...] = ()
    notes: tuple[str, ...] = ()
    ok: bool = True
    data: dict[str, Any] = field(default_factory=dict)
