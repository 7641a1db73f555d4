"""Moments as text, in UTC and to the second: wherever they are written, as texts they sort in time."""

from datetime import UTC, datetime


def now() -> str:
    """Give the time as files have it, such as 2026-01-02T03:04:05Z."""
    return written(datetime.now(UTC))


def written(moment: datetime) -> str:
    """Give a moment (of UTC) as files have it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def stamp(moment: datetime | None = None) -> str:
    """Give a moment (of UTC; None: now) as names of files have it, such as 2026-01-02T03-04-05."""
    return f"{moment or datetime.now(UTC):%Y-%m-%dT%H-%M-%S}"
