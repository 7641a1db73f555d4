"""What people are told of a night: one message by the services that WRECK_NOTIFY names.

WRECK_NOTIFY holds apprise URLs (mailto://, slack://, json:// …), separated by blanks. They hold
secrets, so they come from the environment alone and are never printed.
"""

import logging
import os
from collections.abc import Sequence
from typing import Any

import apprise
from rich.text import Text

from wreck_core import console, files
from wreck_core.errors import WreckError
from wreck_core.layout import Layout

VARIABLE = "WRECK_NOTIFY"


def board_lines(layout: Layout) -> list[str]:
    """Sum the leaderboard up: the verdict, what changed, a new leader, gates that fail. Empty without one."""
    path = layout.reports / "report.json"
    if not path.exists():
        return []
    report: dict[str, Any] = files.read_json(path)
    lines = [report["verdict"]["sentence"]]
    if report["changes"]:
        lines.append(report["answers"]["changes"])
        leader = report["changes"]["leader"]
        if leader["now"] != leader["before"]:
            lines.append(f"the leader is {leader['now']}, before it was {leader['before']}")
    return lines + [
        f"gate {gate['name']} fails: {gate['says']}" for gate in report["gates"] if not gate["ok"]
    ]


def tell(layout: Layout, lines: Sequence[str], faults: Sequence[WreckError]) -> bool:
    """Send the night's summary; True when every service took it, or none is named.

    A message that cannot be sent is told on stderr and fails nothing: the night's work stands.
    """
    urls = os.environ.get(VARIABLE, "").split()
    if not urls:
        return True
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it prints URLs
    services = apprise.Apprise()
    known = [services.add(url) for url in urls]
    title = f"Wreck Detect, {layout.root.name}: the night {'failed' if faults else 'is done'}"
    body = "\n".join([*lines, *(f"failed: {fault.what}" for fault in faults)]) or "nothing to do"
    sent = services.notify(title=title, body=body, notify_type="failure" if faults else "success")
    if all(known) and sent:
        return True
    console.err.print(Text(f"warning: the night's message was not taken by all services of {VARIABLE}"))
    return False
