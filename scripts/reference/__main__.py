"""Write the pages of the reference into a folder."""

import sys
from collections.abc import Callable
from pathlib import Path

from scripts.reference import commands, parameters, scores, statuses, tables

PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands.page,
    "parameters.md": parameters.page,
    "files.md": tables.page,
    "statuses.md": statuses.page,
    "metrics.md": scores.page,
}


def main(folder: Path) -> None:
    """Write every page."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, write in PAGES.items():
        (folder / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
