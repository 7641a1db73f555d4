"""A session without a person: answers come from a function. For demos, imports of judgement and tests."""

from collections.abc import Callable

from wreck_core.errors import WreckError
from wreck_core.labeling.session import LabelSession


def answer_all(session: LabelSession, judge: Callable[[str], str | None]) -> int:
    """Answer until the queue is empty: `judge` gives the label of a sha256, or None to skip it.

    Returns how many labels were given. Raises WreckError when an answer cannot be saved.
    """
    while session.shown:
        label = judge(session.shown)
        saved = session.label(label) if label else session.skip()
        if not saved:
            raise WreckError(session.fault, where=session.shown)
    return session.given
