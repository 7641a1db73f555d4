"""Which other pictures were found to look like given ones."""

from collections.abc import Collection
from pathlib import Path

from wreck_core import files


def look_alikes(duplicates: Path, sha256s: Collection[str]) -> list[str]:
    """Name the other pictures of all pairs of duplicates.parquet that nobody has judged different."""
    if not duplicates.exists():
        return []
    table = files.read_table(duplicates, columns=["sha256", "survivor_sha256", "decision"])
    table = table[table.decision != "keep"]
    ours = table.sha256.isin(sha256s) | table.survivor_sha256.isin(sha256s)
    return sorted({*table.sha256[ours], *table.survivor_sha256[ours]} - set(sha256s))
