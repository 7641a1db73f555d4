from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wreck_core.dataset import folds
from wreck_core.errors import GateError, InputError
from wreck_core.params import DatasetParams

PARAMS = DatasetParams(folds=5, test_fraction=0.15, seed=29, crop="box")
NOTHING = folds.read(Path("no such file"), 5)


def pictures(count: int, start: int = 0) -> pd.DataFrame:
    """Pictures of two labels (1 : 3) and three sources (one of them rare)."""
    numbers = range(start, start + count)
    return pd.DataFrame(
        {
            "sha256": [f"{number:064x}" for number in numbers],
            "label": ["damaged" if number % 4 == 0 else "undamaged" for number in numbers],
            "source": ["rare" if number % 50 == 0 else "ab"[number % 2] for number in numbers],
            "selection": "list",
        }
    )


def table(rows: pd.DataFrame, used: pd.DataFrame) -> pd.DataFrame:
    return used.merge(rows, on="sha256")


def test_every_fold_has_its_share_of_each_label_and_source() -> None:
    used = pictures(1_000)
    placed = table(folds.extend(NOTHING, used, {}, PARAMS), used)
    for _, stratum in placed.groupby(["label", "source"]):
        counts = stratum.fold.value_counts()
        for fold in range(5):
            assert abs(counts.get(fold, 0) - 0.17 * len(stratum)) <= 1.5
        assert abs(counts.get(folds.TEST_FOLD, 0) - 0.15 * len(stratum)) <= 1.5
    assert placed.split.eq("test").equals(placed.fold.eq(folds.TEST_FOLD))


def test_what_a_model_chose_never_enters_the_test_fold_and_the_rest_fills_it() -> None:
    used = pictures(400)
    used["selection"] = ["margin" if number % 8 > 3 else "random" for number in range(400)]
    twins = {used.sha256[3]: "twins", used.sha256[4]: "twins"}  # one of them was chosen
    placed = table(folds.extend(NOTHING, used, twins, PARAMS), used)
    tested = placed[placed.fold == folds.TEST_FOLD]
    assert set(tested.selection) == {"random"}
    assert "twins" not in set(tested.cluster)
    assert 50 <= len(tested) <= 70


def test_many_sources_of_one_picture_do_not_starve_the_test_fold() -> None:
    used = pictures(400).assign(source=[f"host{number}" for number in range(400)])
    placed = table(folds.extend(NOTHING, used, {}, PARAMS), used)
    assert placed.groupby("label").apply(lambda part: part.fold.eq(-1).mean()).between(0.13, 0.17).all()


def test_the_draw_depends_on_the_seed_and_on_nothing_else() -> None:
    used = pictures(200)
    rows = folds.extend(NOTHING, used, {}, PARAMS)
    assert folds.extend(NOTHING, used.iloc[::-1], {}, PARAMS).equals(rows)
    other = folds.extend(NOTHING, used, {}, PARAMS.model_copy(update={"seed": 1}))
    assert not other.equals(rows)


def test_without_a_test_fraction_there_is_no_test_fold() -> None:
    rows = folds.extend(NOTHING, pictures(100), {}, PARAMS.model_copy(update={"test_fraction": 0.0}))
    assert set(rows.fold) == set(range(5))
    assert set(rows.split) == {"fold"}


def test_an_old_test_fold_stays_locked_when_the_fraction_becomes_zero() -> None:
    first = folds.extend(NOTHING, pictures(100), {}, PARAMS)
    later = folds.extend(first, pictures(120), {}, PARAMS.model_copy(update={"test_fraction": 0.0}))
    assert later[:100].equals(first)
    assert set(later.split[100:]) == {"fold"}


@settings(max_examples=40, deadline=None)
@given(
    batches=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    links=st.lists(st.tuples(st.integers(0, 150), st.integers(0, 150)), max_size=10),
)
def test_rows_only_grow_and_clusters_stay_whole(batches: list[int], links: list[tuple[int, int]]) -> None:
    cluster_of = {f"{one:064x}": f"{min(one, other):064x}" for one, other in links}
    rows, start = NOTHING, 0
    for count in batches:
        # Each night sees its own pictures only: the ones before are no longer used.
        before, rows = rows, folds.extend(rows, pictures(count, start), cluster_of, PARAMS)
        start += count
        assert rows[: len(before)].equals(before)
        assert len(rows) == start
        assert (rows.groupby("cluster").fold.nunique() == 1).all()


def test_new_pictures_go_where_pictures_are_missing() -> None:
    first = folds.extend(NOTHING, pictures(100), {}, PARAMS)
    # Fold 0 was taken out of use; what comes next fills it.
    used = pictures(120)
    used = used[~used.sha256.isin(first.sha256[first.fold == 0])]
    later = folds.extend(first, used, {}, PARAMS)
    assert later.fold[100:].eq(0).mean() > 0.5


def test_merged_clusters_go_to_the_fold_of_the_oldest() -> None:
    first = folds.extend(NOTHING, pictures(20), {}, PARAMS)
    one = first.iloc[0]
    other = first[first.fold != one.fold].iloc[-1]
    cluster_of = {one.sha256: other.sha256}  # the younger one is the survivor
    later = folds.extend(first, pictures(20), cluster_of, PARAMS).set_index("sha256")
    assert later.fold[other.sha256] == later.fold[one.sha256] == one.fold
    assert later.cluster[one.sha256] == other.sha256
    untouched = ~first.sha256.isin([one.sha256, other.sha256])
    assert later.fold[first.sha256[untouched]].tolist() == first.fold[untouched].tolist()


def test_folds_survive_the_file(tmp_path: Path) -> None:
    rows = folds.extend(NOTHING, pictures(30), {}, PARAMS)
    rows.to_csv(tmp_path / "folds.csv", index=False)
    assert folds.read(tmp_path / "folds.csv", 5).equals(rows)


def test_a_fold_beyond_the_params_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folds.csv").write_text("sha256,cluster,fold,split\na,a,1,fold\nb,b,4,fold\n")
    with pytest.raises(GateError, match=r"folds.csv:3: a picture is in fold 4, but dataset.folds is 3"):
        folds.read(tmp_path / "folds.csv", 3)


@pytest.mark.parametrize("text", ["", "sha256,fold\na,1\n", "sha256,cluster,fold,split\na,a,x,fold\n"])
def test_a_broken_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "folds.csv").write_text(text)
    with pytest.raises(InputError, match="no readable list of folds"):
        folds.read(tmp_path / "folds.csv", 5)


def test_a_fold_without_a_class_is_refused() -> None:
    used = pictures(12)  # three damaged ones for six places
    placed = table(folds.extend(NOTHING, used, {}, PARAMS), used)
    with pytest.raises(GateError, match="has no picture of damaged, of which there are 3 in all"):
        folds.check(placed, ["damaged", "undamaged"], PARAMS)
