from pathlib import Path

import fetched
import pandas as pd
import pytest
from fetched import jpeg, photo

from wreck_core.dedup import rehash
from wreck_core.errors import StorageError
from wreck_core.layout import Layout
from wreck_core.phash import HASH_BYTES, HASH_VERSION


@pytest.fixture
def candidates(layout: Layout) -> pd.DataFrame:
    fetched.store(layout, *((str(seed), jpeg(photo(seed))) for seed in range(4)), ("again", jpeg(photo(0))))
    return pd.read_parquet(layout.candidates)


def test_hashes_of_today_are_left_alone_without_decoding(candidates: pd.DataFrame, tmp_path: Path) -> None:
    assert rehash.bring_up_to_date(candidates, tmp_path / "nowhere") is candidates


@pytest.mark.parametrize("version", [HASH_VERSION - 1, HASH_VERSION + 1, None])
def test_hashes_of_another_version_are_made_again(
    candidates: pd.DataFrame, layout: Layout, version: int | None
) -> None:
    old = candidates.copy()
    old.loc[[0, 2], "hash_version"] = version
    for column in ("phash", "phash_square"):
        old[column] = [bytes(HASH_BYTES) if at in (0, 2) else good for at, good in enumerate(old[column])]
    fresh = rehash.bring_up_to_date(old, layout.root)
    assert fresh.phash.tolist() == candidates.phash.tolist()
    assert fresh.phash_square.tolist() == candidates.phash_square.tolist()
    assert set(fresh.hash_version) == {HASH_VERSION}


def test_candidates_that_name_no_version_are_hashed_again(candidates: pd.DataFrame, layout: Layout) -> None:
    unknown = candidates.drop(columns="hash_version").assign(phash=None)
    assert rehash.bring_up_to_date(unknown, layout.root).phash.tolist() == candidates.phash.tolist()


def test_a_picture_that_is_gone_is_named(candidates: pd.DataFrame, layout: Layout) -> None:
    (layout.root / candidates.path[1]).unlink()
    with pytest.raises(StorageError, match=candidates.sha256[1]):
        rehash.bring_up_to_date(candidates.assign(hash_version=0), layout.root)
