"""What is kept of pictures: files, features, activations, and the models that have seen them."""

import shutil
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from wreck_core import files

_BUSY_S = 60.0


def forget_features(folder: Path, sha256s: Collection[str]) -> int:
    """Delete the features of pictures from every store below `folder`; count the vectors."""
    deleted = 0
    for path in sorted(folder.glob("*.db")):
        with closing(sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)) as database:
            database.execute("PRAGMA secure_delete = ON")
            # A key is the hash alone, or with a box or a view after a colon; the next letter is a semicolon.
            deleted += database.executemany(
                "DELETE FROM features WHERE key >= :name AND key < :name || ';'",
                [{"name": name} for name in sha256s],
            ).rowcount
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return deleted


def forget_checkpoints(folder: Path) -> int:
    """Delete what interrupted trainings would go on from, and count them: they learned from every picture.

    A picture cannot be cut out of them; the next training begins anew.
    """
    found = [path for path in folder.glob("*/*") if path.is_dir()]
    for path in found:
        shutil.rmtree(path)
    return len(found)


def models_that_saw(models: Path, sha256s: Collection[str]) -> list[str]:
    """Name the backbones whose models were trained or judged on any of the pictures."""
    return [
        path.parent.name
        for path in sorted(models.glob("*/oof.parquet"))
        if files.read_table(path, columns=["sha256"]).sha256.isin(list(sha256s)).any()
    ]


def forget_pictures(store: Path, exports: Path, sha256s: Collection[str]) -> int:
    """Delete pictures from the store, and below `exports` the copies and heat maps named after them."""
    found = [path for sha in sha256s for path in (store / sha[:2]).glob(f"*{sha}*")]
    marks = {sha[:12] for sha in sha256s}
    found += [
        path for path in exports.rglob("*") if path.is_file() and any(mark in path.name for mark in marks)
    ]
    for path in found:
        path.unlink()
    return len(found)
