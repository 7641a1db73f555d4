"""What a session says of itself, in the window and on the page alike."""

from wreck_core.labeling.session import LabelSession
from wreck_core.labeling.store import LOST


def readable(text: str) -> str:
    """Write the names of labels and flags as words."""
    return text.replace("_", " ")


def headline(session: LabelSession) -> str:
    """Say what was done last, or that it was not saved and what to do."""
    if not session.fault:
        return readable(session.message) or "What do you see?"
    lost = session.fault.startswith(LOST)
    return f"NOT SAVED — {'this is the next picture' if lost else 'press the key again'}"


def detail(session: LabelSession) -> str:
    """Say what went wrong, or how many are done, how fast, and by whom."""
    if session.fault:
        return session.fault.removeprefix(LOST)
    done, total = session.progress()
    words = [f"{done:,} of {total:,}", f"{session.given:,} now"]
    per_min = session.pace.per_min()
    if per_min:
        words += [f"{per_min:.0f} a minute", _left((total - done) / per_min)]
    words += [session.annotator, session.strategy, "H help"]
    return " · ".join(filter(None, words))


def share(session: LabelSession) -> float:
    """Give the part (0-1) of the round that is done."""
    done, total = session.progress()
    return done / total if total else 0.0


def why_empty(session: LabelSession) -> str:
    """Say why there is nothing to show."""
    counts = session.counts()
    if not sum(counts.values()):
        return "the queue is empty: run `wreck enqueue` first"
    parts = [f"{counts['leased']} are with others at the moment"] if counts["leased"] else []
    if counts["open"]:
        parts.append(f"{counts['open']} wait for somebody else: you labelled them before")
    parts = parts or ["all done"]
    if counts["parked"]:
        parts.append(f"{counts['parked']} were skipped; `wreck enqueue` brings them back")
    return "; ".join(parts)


def _left(minutes: float) -> str:
    if minutes < 1:
        return "under 1 min left"
    hours, rest = divmod(round(minutes), 60)
    return f"{hours} h {rest:02d} min left" if hours else f"{rest} min left"
