"""What people are told of a night: one message by the services that WRECK_NOTIFY names.

WRECK_NOTIFY holds apprise URLs (mailto://, slack://, json:// …), separated by blanks. They hold
secrets, so they come from the environment alone and are never printed.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import apprise
from rich.text import Text

from flows.outcomes import ExperimentFailedError
from wreck_core import console, files
from wreck_core.errors import WreckError
from wreck_core.layout import Layout

VARIABLE = "WRECK_NOTIFY"


@dataclass
class Night:
    """What there is to tell of a night: lines of good news, and faults."""

    lines: list[str] = field(default_factory=list)
    faults: list[WreckError] = field(default_factory=list)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Let the night go on after a fault in the block."""
        try:
            yield
        except WreckError as error:
            self.faults.append(error)

    def told(self) -> list[str]:
        """Give all of it, what failed first: that is what somebody has to do something about."""
        failed = [line for error in self.faults for line in _words(error)]
        return [*failed, *self.lines]


def _words(error: WreckError) -> list[str]:
    """Say which stages failed; a gate says of itself that it fails."""
    if isinstance(error, ExperimentFailedError):
        stages = ExperimentFailedError(error.runs).what
        return [*([f"failed: {stages}"] if stages else []), *error.gates]
    return [f"failed: {error.reason}"]


@contextmanager
def telling(layout: Layout) -> Iterator[Night]:
    """Tell what the block has put into its Night when it ends, also when it breaks."""
    night = Night()
    try:
        yield night
    except Exception as error:
        night.faults.append(WreckError(f"ended by {type(error).__name__}: {error}"))
        tell(layout, night)
        raise
    tell(layout, night)


def board_lines(layout: Layout) -> list[str]:
    """Sum the leaderboard up: the verdict, what changed, a new leader. Empty without one."""
    path = layout.report_json
    if not path.exists():
        return []
    report: dict[str, Any] = files.read_json(path)
    lines = [f"leaderboard: {report['verdict']['sentence']}"]
    if report["changes"]:
        lines.append(report["answers"]["changes"])
        leader = report["changes"]["leader"]
        if leader["now"] != leader["before"]:
            lines.append(f"the leader is {leader['now']}, before it was {leader['before']}")
    return lines


def tell(layout: Layout, night: Night) -> bool:
    """Send what there is to tell; True when every service took it, or none is named.

    A message that cannot be sent is told on stderr and fails nothing: the night's work stands.
    """
    title = f"Wreck Detect, {layout.root.name}: the night {_end(night.faults)}"
    return _send(title, night.told() or ["nothing to do"], "failure" if night.faults else "success")


def tell_interrupted(layout: Layout, runs: Sequence[str]) -> bool:
    """Send the names of runs whose process was killed; True as of `tell`."""
    title = f"Wreck Detect, {layout.root.name}: a night was interrupted"
    lines = [f"its process ended: {run}" for run in runs]
    return _send(title, [*lines, "what it had done stays; the next night goes on from there"], "failure")


def _end(faults: Sequence[WreckError]) -> str:
    if any(_words(fault)[0].startswith("failed") for fault in faults):
        return "failed"
    return "is done, but a gate failed" if faults else "is done"


def _send(title: str, lines: Sequence[str], kind: str) -> bool:
    urls = os.environ.get(VARIABLE, "").split()
    if not urls:
        return True
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it prints URLs
    services = apprise.Apprise()
    known = [services.add(url) for url in urls]
    sent = services.notify(title=title, body="\n".join(lines), notify_type=kind)
    if all(known) and sent:
        return True
    console.err.print(Text(f"warning: the night's message was not taken by all services of {VARIABLE}"))
    return False
