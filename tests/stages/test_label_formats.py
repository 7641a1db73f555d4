"""Labels from and to the formats of others: round trips, folders, and what hostile files cannot do."""

import json
from pathlib import Path

import fetched
import pandas as pd
import pytest
from fetched import jpeg, photo, sha
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wreck_core import files
from wreck_core.errors import InputError, UsageError
from wreck_core.ingest import blocklist
from wreck_core.ingest.blocklist import Tombstone
from wreck_core.ingest.urls import normalise, url_id
from wreck_core.labeling import formats
from wreck_core.labeling.rebuild import open_store
from wreck_core.labeling.records import Answer, Box
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import dedup, enqueue, label_export, labels

PERSON = "ann+cars@example.org"
PHOTOS = [jpeg(photo(number)) for number in range(6)]
FORMATS = {"csv": "labels.csv", "jsonl": "labels.jsonl", "label-studio": "labels.json"}


@pytest.fixture
def labelled(params: Params, layout: Layout) -> Layout:
    """Six fetched pictures, four of them labelled by a person, with a box, flags and times."""
    fetched.store(layout, *((f"{number}.jpg", data) for number, data in enumerate(PHOTOS)))
    table = pd.read_parquet(layout.candidates)
    table.assign(url_id=[url_id(normalise(url)) for url in table.url]).to_parquet(layout.candidates)
    enqueue.run(params, layout)
    answers = (
        Answer("damaged", Box(0.125, 0.33333, 0.5, 0.25), ("blurry", "watermark"), shown_ms=1250),
        Answer("undamaged", shown_ms=900),
        Answer("unsure", None, ("blurry",)),
        Answer("reject", Box(0.0, 0.0, 1.0, 1.0)),
    )
    with open_store(layout) as store:
        for answer in answers:
            store.answer(store.claim(PERSON, "primary")[0], PERSON, answer)
        store.release(PERSON)
    labels.export_labels(params, layout)
    return layout


def verdicts(layout: Layout) -> pd.DataFrame:
    table = pd.read_csv(layout.labels, dtype=str, keep_default_na=False)
    return table[["sha256", "label", "x", "y", "w", "h", "flags"]]


def forget_labels(layout: Layout) -> None:
    for path in (layout.label_db, layout.labels, layout.label_events):
        path.unlink()


@pytest.mark.parametrize("to", FORMATS)
def test_what_is_written_is_read_again_box_flags_and_all(
    params: Params, labelled: Layout, tmp_path: Path, to: str
) -> None:
    before, out = verdicts(labelled), tmp_path / FORMATS[to]
    label_export.run(params, labelled, to, out)
    forget_labels(labelled)
    assert labels.import_labels(params, labelled, out).data["rows_of_list"] == {"matched": 4}
    assert verdicts(labelled).equals(before)
    with open_store(labelled) as store:
        assert sorted(ms for _, ms in store.times_ms()) == [900, 1250]
    assert labels.import_labels(params, labelled, out).data["added"] == 0


def test_folders_by_class_are_read_again(params: Params, labelled: Layout, tmp_path: Path) -> None:
    before = verdicts(labelled)[["sha256", "label"]]
    label_export.run(params, labelled, "folders", tmp_path / "out")
    forget_labels(labelled)
    labels.import_labels(params, labelled, tmp_path / "out")
    assert verdicts(labelled)[["sha256", "label"]].equals(before)
    with pytest.raises(InputError, match="is not empty"):
        label_export.run(params, labelled, "folders", tmp_path / "out")
    with pytest.raises(UsageError, match="label-studio"):
        label_export.run(params, labelled, "coco", tmp_path / "x")


def fill_folder(folder: Path) -> None:
    for name, data in {
        "positives/a.jpg": PHOTOS[0],
        "positives/deep/Negatives/b.png": PHOTOS[1],
        "negatives/c": PHOTOS[2],
        "unsorted/d.jpg": PHOTOS[3],
        "damaged/again.jpg": PHOTOS[0],
        "negatives/\udcff.jpg": PHOTOS[4],
        "positives/broken.jpg": PHOTOS[5][:400],
        "notes.txt": b"no picture",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "negatives" / "link.jpg").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to(folder)


def test_a_folder_tree_is_stored_labelled_and_goes_down_the_pipeline(
    params: Params, layout: Layout, tmp_path: Path
) -> None:
    source = tmp_path / "wrecks"
    fill_folder(source)
    summary = labels.import_labels(params, layout, source)
    assert summary.data["rows_of_list"] == {
        "matched": 5,
        "unlabelled": 1,
        "decode_failed": 1,
        "not_image": 1,
    }
    table = pd.read_parquet(layout.candidates)
    assert sorted(table.sha256) == sorted(sha(data) for data in PHOTOS[:5])
    assert set(table.source) == {"dir:wrecks"}
    assert all((layout.root / path).is_file() for path in table.path)
    final = pd.read_csv(layout.labels).set_index("sha256")
    assert final.label.to_dict() == {
        sha(PHOTOS[0]): "damaged",
        sha(PHOTOS[1]): "undamaged",
        sha(PHOTOS[2]): "undamaged",
        sha(PHOTOS[4]): "undamaged",
    }
    assert set(final.annotator) == {"list:wrecks"}
    assert set(final.selection) == {"list"}
    dedup.run(params, layout)
    assert enqueue.run(params, layout).data["counts"]["open"] == 1
    # A second time changes nothing.
    before = layout.candidates.read_bytes(), layout.labels.read_bytes()
    assert labels.import_labels(params, layout, source).data["added"] == 0
    assert (layout.candidates.read_bytes(), layout.labels.read_bytes()) == before


def test_a_picture_that_was_taken_down_does_not_come_back_by_a_folder(
    params: Params, layout: Layout, tmp_path: Path
) -> None:
    source = tmp_path / "wrecks"
    fill_folder(source)
    blocklist.add(layout.takedowns, [Tombstone(sha256=sha(PHOTOS[2]), at="2026-01-02T03:04:05Z")])
    assert labels.import_labels(params, layout, source).data["rows_of_list"]["blocklisted"] == 1
    assert not list(layout.images.rglob(f"{sha(PHOTOS[2])}*"))


def test_a_folder_without_pictures_says_so(params: Params, layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no files"):
        labels.import_labels(params, layout, tmp_path / "empty")
    (tmp_path / "empty" / "a.txt").write_text("no picture")
    with pytest.raises(InputError, match="holds no pictures"):
        labels.import_labels(params, layout, tmp_path / "empty")


def test_each_bad_row_is_counted_with_its_line_and_none_is_fatal(
    params: Params, labelled: Layout, tmp_path: Path
) -> None:
    known = sha(PHOTOS[5])
    source = tmp_path / "made.csv"
    rows = [
        "sha256,label,x,y,w,h,flags",
        f"{known},damaged,0.1,0.1,0.5,0.5,blurry",
        f"{known},damaged,0.9,0.1,0.5,0.5,",
        f"{known},damaged,nan,0.1,0.5,0.5,",
        f"{known},damaged,,,,,=cmd()",
        "../../../../etc/passwd,damaged,,,,,",
        f"{known},dented,,,,,",
        f'{known},"damaged',
    ]
    source.write_text("\n".join(rows) + "\n")
    summary = labels.import_labels(params, labelled, source)
    assert summary.data["rows_of_list"] == {
        "matched": 1,
        "bad box": 2,
        "bad flags": 1,
        "no such picture": 1,
        "unknown label": 1,
        "bad_row": 1,
    }
    assert summary.data["lines"]["bad box"] == [3, 4]
    assert any("2 rows: bad box, such as line 3, 4" in note for note in summary.notes)


def task(image: str, *results: dict, **annotation: object) -> dict:
    return {"data": {"image": image}, "annotations": [{"result": list(results), **annotation}]}


def choice(label: str) -> dict:
    return {"type": "choices", "value": {"choices": [label]}}


def test_label_studio_s_own_export_is_understood(params: Params, labelled: Layout, tmp_path: Path) -> None:
    one, two, three = (sha(PHOTOS[number]) for number in range(3))
    sides = {"x": 12.5, "y": 25, "width": 50, "height": 75, "rotation": 0}
    source = tmp_path / "studio.json"
    tasks = [
        task(f"/data/local-files/?d=images/{one[:2]}/{one}.jpg", choice("damaged"), lead_time=4.25),
        task(
            "http://example.org/1.jpg",
            {"type": "rectanglelabels", "value": {**sides, "rectanglelabels": ["undamaged"]}},
        ),
        task(f"s3://bucket/{three}.jpg", choice("damaged"), was_cancelled=True),
        task("../../../../etc/passwd", choice("damaged")),
        {"data": {"image": "x"}, "annotations": [{"result": [{"value": 7}]}]},
        "no task",
        None,
    ]
    source.write_text(json.dumps(tasks))
    forget_labels(labelled)
    summary = labels.import_labels(params, labelled, source)
    assert summary.data["rows_of_list"] == {
        "matched": 2,
        "unlabelled": 1,
        "no such picture": 1,
        "bad row": 3,
    }
    final = pd.read_csv(labelled.labels).set_index("sha256")
    assert final.loc[two, ["label", "x", "y", "w", "h"]].tolist() == ["undamaged", 0.125, 0.25, 0.5, 0.75]
    with open_store(labelled) as store:
        assert store.times_ms() == [("list:studio", 4250)]


@pytest.mark.parametrize("text", ["", "{}", "[", "[" * 100_000, "\x00"])
def test_a_file_that_is_no_list_of_tasks_is_named(
    params: Params, labelled: Layout, tmp_path: Path, text: str
) -> None:
    source = tmp_path / "studio.json"
    source.write_text(text)
    with pytest.raises(InputError, match=r"studio\.json"):
        labels.import_labels(params, labelled, source)


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "data",
                    "image",
                    "annotations",
                    "result",
                    "value",
                    "choices",
                    "x",
                    "y",
                    "width",
                    "height",
                    "flags",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(anything, max_size=3))
def test_no_json_is_fatal(tmp_path: Path, tasks: list) -> None:
    source = tmp_path / "any.json"
    files.write_text(source, json.dumps(tasks))
    for said in formats.read_label_studio(source):
        assert said.fault in ("", "bad row", "bad box", "bad flags")


part = st.integers(0, 100_000).map(lambda number: number / 100_000)
boxes = st.tuples(part, part, part, part).map(
    lambda corners: Box.between((corners[0], corners[1]), (corners[2], corners[3]))
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    boxes,
    st.sampled_from(["damaged", "unsure"]),
    st.lists(st.sampled_from(["blurry", "watermark"]), unique=True),
    st.none() | st.integers(0, 100_000),
)
def test_any_label_survives_label_studio(
    tmp_path: Path, box: Box | None, label: str, flags: list[str], ms: int | None
) -> None:
    sides = {side: getattr(box, side, None) for side in "xywh"}
    row = {"sha256": "a" * 64, "url": "", "path": "x.jpg", "label": label, "flags": " ".join(sorted(flags))}
    source = tmp_path / "one.json"
    source.write_text(
        formats.to_label_studio([row | sides | {"seconds": ms / 1000 if ms is not None else None}])
    )
    (said,) = formats.read_label_studio(source)
    assert (said.sha256, said.label, said.box, said.flags, said.shown_ms, said.fault) == (
        *("a" * 64, label, box, tuple(sorted(flags)), ms, ""),
    )
