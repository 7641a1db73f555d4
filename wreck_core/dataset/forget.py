"""Rows of tables that name pictures."""

from collections.abc import Collection
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from wreck_core import files


def forget(path: Path, columns: Collection[str], sha256s: Collection[str]) -> int:
    """Delete the rows of a parquet or CSV file that name a picture in one of `columns`; count them.

    A file that is missing, or names none of them, is left as it is.
    """
    if not path.exists():
        return 0
    return (_from_parquet if path.suffix == ".parquet" else _from_csv)(path, columns, list(sha256s))


def _from_parquet(path: Path, columns: Collection[str], sha256s: list[str]) -> int:
    table = pa.parquet.read_table(path)
    kept = table
    for column in columns:
        named = pa.compute.is_in(kept[column], value_set=pa.array(sha256s, pa.string()))
        kept = kept.filter(pa.compute.invert(named))
    if kept.num_rows < table.num_rows:
        with files.replacing(path) as temp:
            pa.parquet.write_table(kept, temp)
    return int(table.num_rows - kept.num_rows)


def _from_csv(path: Path, columns: Collection[str], sha256s: list[str]) -> int:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    named = table[list(columns)].isin(sha256s).any(axis=1)
    if named.any():
        with files.replacing(path) as temp:
            table[~named].to_csv(temp, index=False, lineterminator="\n")
    return int(named.sum())
