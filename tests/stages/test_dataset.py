from pathlib import Path

import pandas as pd
import pytest

from wreck_core import files
from wreck_core.dataset import folds, manifest
from wreck_core.dataset import labels as label_file
from wreck_core.errors import GateError, InputError
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import dataset

DUPLICATES = ["sha256", "url_id", "survivor_sha256", "distance", "transform", "decision", "conflict"]


def name(number: int) -> str:
    return f"{number:064x}"


def write_candidates(layout: Layout, count: int) -> None:
    table = pd.DataFrame({"sha256": [name(number) for number in range(count)]})
    table["path"] = "data/images/" + table.sha256 + ".jpg"
    table["host"] = [("a.org", "b.org")[number % 3 == 0] for number in range(count)]
    layout.candidates.parent.mkdir(exist_ok=True)
    table.to_parquet(layout.candidates, index=False)


def write_labels(layout: Layout, label_of: dict[int, str], annotator: str = "list:urls") -> None:
    table = pd.DataFrame({"sha256": map(name, label_of), "label": label_of.values()})
    table = table.reindex(columns=label_file.COLUMNS, fill_value="").assign(annotator=annotator)
    table.to_csv(layout.labels, index=False)


def write_duplicates(layout: Layout, *rows: tuple[int, int, str, str, bool]) -> None:
    table = pd.DataFrame(
        [
            (name(one), "url", name(other), 9, transform, decision, conflict)
            for one, other, transform, decision, conflict in rows
        ],
        columns=DUPLICATES,
    )
    table.astype({"conflict": bool}).to_parquet(layout.duplicates, index=False)


def two_classes(count: int) -> dict[int, str]:
    return {number: ("damaged", "undamaged")[number % 2] for number in range(count)}


@pytest.fixture
def labelled(layout: Layout) -> Layout:
    """A workspace of 100 labelled pictures: a duplicate, a conflict, a pair under review, an unsure one."""
    write_candidates(layout, 110)
    write_duplicates(
        layout,
        (1, 1, "bytes", "drop", False),
        (3, 5, "full", "drop", False),
        (6, 7, "square", "review", True),
        (9, 11, "mirror", "review", False),
    )
    write_labels(layout, {**two_classes(100), 100: "unsure"})
    return layout


def test_the_funnel_adds_up_and_every_picture_has_its_fold(params: Params, labelled: Layout) -> None:
    files.write_json(labelled.scrape_json, {"total": 150, "statuses": {"ok": 110, "http_4xx": 40}})
    summary = dataset.run(params, labelled)
    record = files.read_json(labelled.dataset_json)
    assert record["funnel"] == {"urls": 150, "fetched": 110, "unique": 109, "labelled": 99, "used": 97}
    assert record["labels"] == {"damaged": 49, "undamaged": 48}
    assert record["not_trained"] == {"unsure": 1, "reject": 0}
    assert (record["leaks"], record["conflicts"], record["clusters"]) == (0, 1, 96)
    assert sum(sum(counts.values()) for counts in record["folds"].values()) == 97
    assert set(record["folds"]) == {"test", "0", "1", "2", "3", "4"}
    assert record["fingerprint"] == {}
    assert "97 pictures train" in summary.headline

    table = pd.read_parquet(labelled.manifest)
    assert list(table.columns) == manifest.COLUMNS
    assert table.sha256.is_monotonic_increasing
    assert not table.sha256.isin([name(3), name(6), name(7), name(100)]).any()
    assert set(table.selection) == {"list"}
    pair = table[table.sha256.isin([name(9), name(11)])]
    assert set(pair.cluster) == {name(11)}
    assert pair.fold.nunique() == 1


def test_a_second_run_gives_the_same_bytes(params: Params, labelled: Layout) -> None:
    written = (labelled.manifest, labelled.folds, labelled.dataset_json)
    dataset.run(params, labelled)
    first = [path.read_bytes() for path in written]
    dataset.run(params, labelled)
    assert [path.read_bytes() for path in written] == first


def test_new_pictures_move_no_old_one_and_unused_ones_keep_their_row(
    params: Params, labelled: Layout
) -> None:
    dataset.run(params, labelled)
    before = labelled.folds.read_text()
    write_candidates(labelled, 140)
    # Picture 0 turns out to be no good; 40 new ones come.
    write_labels(labelled, {**two_classes(140), 0: "reject"})
    dataset.run(params, labelled)
    after = labelled.folds.read_text()
    assert after.startswith(before)
    assert name(0) in after
    assert name(0) not in set(pd.read_parquet(labelled.manifest).sha256)


def test_a_merged_cluster_moves_to_the_fold_of_its_oldest(params: Params, layout: Layout) -> None:
    write_candidates(layout, 110)
    write_labels(layout, two_classes(110))
    write_duplicates(layout)
    dataset.run(params, layout)
    before = pd.read_csv(layout.folds).set_index("sha256")
    oldest = name(0)
    moved = before.index[before.fold != before.fold[oldest]][-1]
    write_duplicates(layout, (0, int(moved, 16), "full", "review", False))
    dataset.run(params, layout)
    after = pd.read_csv(layout.folds).set_index("sha256")
    assert after.fold[moved] == after.fold[oldest] == before.fold[oldest]
    others = before.index != moved
    assert after.fold[others].equals(before.fold[others])


def test_the_same_picture_in_two_folds_stops_the_stage_and_changes_no_file(
    params: Params, layout: Layout
) -> None:
    write_candidates(layout, 110)
    write_labels(layout, two_classes(110))
    write_duplicates(layout)
    dataset.run(params, layout)
    placed = pd.read_csv(layout.folds).set_index("sha256").fold
    elsewhere = int(placed.index[placed != placed[name(0)]][0], 16)
    written = (layout.manifest, layout.folds, layout.dataset_json)
    before = [path.read_bytes() for path in written]
    # No stage of ours writes such a row: equal bytes have one name, so the split does not group by them.
    write_duplicates(layout, (0, elsewhere, "bytes", "drop", False))
    with pytest.raises(GateError, match="1 pairs or clusters of the same picture lie") as stopped:
        dataset.run(params, layout)
    assert str(layout.folds) in str(stopped.value)
    assert [path.read_bytes() for path in written] == before


def test_a_cluster_or_a_pair_in_two_folds_is_a_leak() -> None:
    table = pd.DataFrame({"sha256": list("abcd"), "cluster": list("aacd"), "fold": [0, 1, 2, -1]})
    pairs = pd.DataFrame(
        [("c", "d", "review"), ("a", "d", "keep"), ("a", "gone", "drop")],
        columns=["sha256", "survivor_sha256", "decision"],
    )
    assert manifest.leaks(table, pairs[:0]) == 1  # a and b
    assert manifest.leaks(table, pairs) == 2  # c and d too; what a person set apart may part
    assert manifest.leaks(table.assign(fold=3), pairs) == 0


def test_three_classes_and_no_test_fold_work(params: Params, layout: Layout) -> None:
    classes = ["damaged", "undamaged", "totalled"]
    params = params.model_copy(
        update={
            "labels": params.labels.model_copy(update={"classes": classes}),
            "dataset": params.dataset.model_copy(update={"test_fraction": 0.0}),
        }
    )
    write_candidates(layout, 60)
    write_labels(layout, {number: classes[number % 3] for number in range(60)}, annotator="ann")
    write_duplicates(layout)
    dataset.run(params, layout)
    table = pd.read_parquet(layout.manifest)
    assert table.groupby(["fold", "label"]).size().tolist() == [4] * 15
    assert set(table.split) == {"fold"}
    assert set(table.selection) == {"queue"}


def test_too_few_of_a_class_are_refused_and_no_file_is_left(params: Params, layout: Layout) -> None:
    write_candidates(layout, 30)
    write_labels(layout, {number: "damaged" if number < 4 else "undamaged" for number in range(30)})
    write_duplicates(layout)
    with pytest.raises(GateError, match="has no picture of damaged, of which there are 4 in all"):
        dataset.run(params, layout)
    assert not layout.folds.exists()
    assert not layout.manifest.exists()


def test_nothing_labelled_says_what_to_run(params: Params, layout: Layout) -> None:
    write_candidates(layout, 10)
    write_duplicates(layout)
    with pytest.raises(InputError, match="wreck labels import"):
        dataset.run(params, layout)


@pytest.mark.parametrize(
    ("missing", "command"), [("candidates", "wreck scrape"), ("duplicates", "wreck dedup")]
)
def test_a_missing_stage_before_is_named(
    params: Params, labelled: Layout, missing: str, command: str
) -> None:
    path: Path = getattr(labelled, missing)
    path.unlink()
    with pytest.raises(InputError, match=command):
        dataset.run(params, labelled)


def test_fewer_folds_than_before_are_refused(params: Params, labelled: Layout) -> None:
    dataset.run(params, labelled)
    fewer = params.dataset.model_copy(update={"folds": 3})
    with pytest.raises(GateError, match=r"dataset.folds is 3"):
        dataset.run(params.model_copy(update={"dataset": fewer}), labelled)
    assert (pd.read_csv(labelled.folds).fold.max()) == 4
    assert folds.TEST_FOLD == -1


def test_new_labels_are_counted_against_those_that_trained(labelled: Layout, params: Params) -> None:
    everybody = dataset.count_new(params, labelled)
    trained = dataset.run(params, labelled).data["funnel"]["used"]
    assert everybody == trained
    assert dataset.count_new(params, labelled) == 0
    text = labelled.labels.read_text()
    other = text.replace(f"{name(20)},damaged", f"{name(20)},undamaged")
    other = other.replace(f"{name(22)},damaged", f"{name(22)},reject")
    other += text.splitlines()[1].replace(text.splitlines()[1].split(",")[0], name(109)) + "\n"
    other += text.splitlines()[1].replace(text.splitlines()[1].split(",")[0], "ff" * 32) + "\n"
    labelled.labels.write_text(other)
    # Another label, none that trains any more, one that is new; the last is of no known picture.
    assert dataset.count_new(params, labelled) == 3
