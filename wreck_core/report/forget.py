"""Reports that show or name a picture are deleted: a report is drawn anew in seconds."""

from collections.abc import Collection
from pathlib import Path


def forget(reports: Path, sha256s: Collection[str]) -> list[str]:
    """Delete every report that names one of the pictures, thumbnails and all; give the files' names."""
    names = [sha256.encode() for sha256 in sha256s]
    found = []
    for path in sorted(reports.glob("*")):
        if path.is_file():
            data = path.read_bytes()
            if any(name in data for name in names):
                path.unlink()
                found.append(path.name)
    return found
