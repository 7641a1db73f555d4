"""A child process of `crew.Processes`: jobs come in on stdin, rows go out on stdout, both pickled.

It ends when stdin ends: when the run is over, or when its parent was killed.
"""

import os
import pickle
import sys
import threading
import traceback
from contextlib import suppress
from typing import IO

from wreck_core.errors import WreckError
from wreck_core.ingest.crew import Crew, End, Threads


def main() -> None:
    """Work until there is no more to come."""
    # Whatever is printed here by mistake must not get between the rows.
    rows = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    jobs = sys.stdin.buffer
    crew = Threads(*pickle.load(jobs))  # noqa: S301 - from our own parent
    threading.Thread(target=_hand_over, args=(crew, rows), daemon=True).start()
    try:
        while True:
            crew.submit(pickle.load(jobs))  # noqa: S301 - from our own parent
    except EOFError:
        crew.close()


def _hand_over(crew: Crew, rows: IO[bytes]) -> None:
    try:
        while True:
            pickle.dump([_portable(end) for end in crew.take(None)], rows)
            rows.flush()
    except BrokenPipeError:  # nobody is there any more, and stdin ends as well
        with suppress(BrokenPipeError):  # what is left in the buffer
            rows.close()


def _portable(end: End) -> End:
    """Give what the parent can read: a row, or an error of ours."""
    if not isinstance(end, BaseException) or type(end).__module__ == WreckError.__module__:
        return end
    traceback.print_exception(end)
    return WreckError(f"a process that fetched has a fault of its own ({type(end).__name__})")


if __name__ == "__main__":
    main()
