"""Hashes of another version, made again from the stored pictures: unlike hashes are never compared.

A scrape brings the ledger up to date; this is for candidates from before it, or without a ledger.
"""

from pathlib import Path

import pandas as pd

from wreck_core import phash


def outdated(candidates: pd.DataFrame) -> pd.Series:
    """Mark the rows whose hashes are missing or of another version: bool, indexed as `candidates`."""
    version = candidates.get("hash_version", pd.Series(index=candidates.index, dtype="float64"))
    return (version != phash.HASH_VERSION) | candidates.phash.isna() | candidates.phash_square.isna()


def bring_up_to_date(candidates: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Give the candidates with hashes of today's version, decoding only the pictures that lack them.

    `candidates` has path (below `root`), phash, phash_square and maybe hash_version. Raises StorageError or
    ImageRejectedError for a file that cannot be read.
    """
    old = outdated(candidates)
    if not old.any():
        return candidates
    paths = sorted(set(candidates.path[old]))
    fresh = dict(zip(paths, phash.of_files(root / path for path in paths), strict=True))
    pairs = [
        fresh[path] if stale else (full, square)
        for path, full, square, stale in zip(
            candidates.path, candidates.phash, candidates.phash_square, old, strict=True
        )
    ]
    return candidates.assign(
        phash=[full for full, _ in pairs],
        phash_square=[square for _, square in pairs],
        hash_version=phash.HASH_VERSION,
    )
