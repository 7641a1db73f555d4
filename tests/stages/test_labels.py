"""Labels in and out: nothing is guessed, nothing is lost, and nothing moves without a reason."""

import hashlib
import re
from pathlib import Path

import pandas as pd
import pytest

from wreck_core.errors import InputError
from wreck_core.ingest.urls import normalise, url_id
from wreck_core.labeling import export
from wreck_core.labeling.rebuild import open_store
from wreck_core.labeling.records import Answer, Box
from wreck_core.labeling.schema import PRIMARY
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import enqueue, labels

SHAS = sorted(hashlib.sha256(bytes([number])).hexdigest() for number in range(8))
URLS = [f"http://photos.example/{number}.jpg" for number in range(8)]


@pytest.fixture(autouse=True)
def candidates(layout: Layout) -> None:
    layout.candidates.parent.mkdir(parents=True)
    ids = [url_id(normalise(url)) for url in URLS]
    # The last two addresses hold one picture.
    pd.DataFrame({"sha256": [*SHAS[:7], SHAS[6]], "url_id": ids}).to_parquet(layout.candidates)


def written(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def final(layout: Layout) -> dict[str, tuple[str, str, str]]:
    table = pd.read_csv(layout.labels, dtype=str, keep_default_na=False)
    assert table.sha256.is_monotonic_increasing
    return {row.sha256: (row.label, row.annotator, row.flags) for row in table.itertuples()}


def test_rows_are_matched_by_url_or_by_picture_and_the_rest_is_counted(
    params: Params, layout: Layout, tmp_path: Path
) -> None:
    source = written(
        tmp_path,
        "cars.csv",
        "url,label,sha256",
        f"{URLS[0]},damaged,",
        f"http://elsewhere.example/x.jpg,undamaged,{SHAS[1]}",
        f"{URLS[2]},dented,",
        "http://nowhere.example/y.jpg,damaged,",
        f"{URLS[3]},,",
    )
    summary = labels.import_labels(params, layout, source)
    assert summary.data["rows_of_list"] == {
        "matched": 2,
        "unknown label": 1,
        "no such picture": 1,
        "unlabelled": 1,
    }
    assert final(layout) == {
        SHAS[0]: ("damaged", "list:cars", ""),
        SHAS[1]: ("undamaged", "list:cars", ""),
    }


def test_two_labels_of_one_picture_are_a_conflict(params: Params, layout: Layout, tmp_path: Path) -> None:
    source = written(tmp_path, "cars.csv", "url,label", f"{URLS[6]},damaged", f"{URLS[7]},undamaged")
    labels.import_labels(params, layout, source)
    assert final(layout)[SHAS[6]] == ("unsure", "list:cars", "conflict")


def test_importing_again_changes_no_byte(params: Params, layout: Layout, tmp_path: Path) -> None:
    source = written(tmp_path, "cars.csv", "url,label", *(f"{url},damaged" for url in URLS))
    labels.import_labels(params, layout, source)
    before = layout.labels.read_bytes(), layout.label_events.read_bytes()
    assert labels.import_labels(params, layout, source).data["added"] == 0
    assert (layout.labels.read_bytes(), layout.label_events.read_bytes()) == before


@pytest.mark.parametrize("log_is_there", [True, False], ids=["with the log", "labels.csv alone"])
def test_a_fresh_clone_without_a_store_loses_no_label(
    params: Params, layout: Layout, tmp_path: Path, log_is_there: bool
) -> None:
    enqueue.run(params, layout)
    box, flags = Box(0.25, 0.5, 0.125, 0.25), ("blurry", "watermark")
    with open_store(layout) as store:
        for label in ("damaged", "undamaged", None, "damaged", "reject"):
            task = store.claim("ann", PRIMARY)[0]
            store.answer(task, "ann", Answer(label, box, flags, "odd", 900))
        store.undo("ann", PRIMARY)
        store.relabel(store.own_answers("ann", PRIMARY)[0], "ann", Answer("undamaged", box))
        store.release("ann")
        known = store.current_labels()[0]["sha256"]
        store.mix_in({known: "damaged"}, PRIMARY, seed=1)
        store.enqueue([(known, 0.0)], "second", "second")
        for name, round_name in (("bob", "second"), ("cy", PRIMARY)):
            task = next(task for task in store.claim(name, round_name, 99) if task.sha256 == known)
            store.answer(task, name, Answer("damaged"))
            store.release(name)
    listed = written(tmp_path, "cars.csv", "sha256,label", f"{SHAS[0]},reject")
    labels.import_labels(params, layout, listed)
    before, log = layout.labels.read_bytes(), layout.label_events.read_bytes()
    layout.label_db.unlink()
    if not log_is_there:
        layout.label_events.unlink()
    labels.export_labels(params, layout)
    assert layout.labels.read_bytes() == before
    if log_is_there:
        assert layout.label_events.read_bytes() == log
    enqueue.run(params, layout)
    with open_store(layout) as store:
        assert not {task.sha256 for task in store.claim("bob", PRIMARY, 100)} & set(final(layout))


def test_labels_that_came_from_another_clone_by_git_survive_the_next_export(
    params: Params, layout: Layout, tmp_path: Path
) -> None:
    labels.import_labels(params, layout, written(tmp_path, "ours.csv", "sha256,label", f"{SHAS[0]},damaged"))
    elsewhere = layout.labels.read_text().replace(SHAS[0], SHAS[1]).splitlines()[1]
    layout.labels.write_text(f"{layout.labels.read_text()}{elsewhere}\n")
    pulled = layout.labels.read_bytes()
    for _ in range(2):
        labels.export_labels(params, layout)
        assert sorted(layout.labels.read_bytes().splitlines()) == sorted(pulled.splitlines())
    with open_store(layout) as store:
        assert len(list(store.events())) == 2


def test_a_broken_log_is_named_and_leaves_no_half_made_store(params: Params, layout: Layout) -> None:
    layout.label_events.write_text('{"uid": "x"}\n')
    with pytest.raises(InputError, match=r"label_events\.jsonl:1"):
        labels.export_labels(params, layout)
    assert not layout.label_db.exists()


def test_a_picture_table_of_any_encoding_and_case_is_read(
    params: Params, layout: Layout, tmp_path: Path
) -> None:
    source = tmp_path / "made.csv"
    source.write_bytes(b"sha256,label\n\xff\xfe,damaged\n" + f"{SHAS[0].upper()}, damaged\n".encode())
    assert labels.import_labels(params, layout, source).data["rows_of_list"] == {
        "matched": 1,
        "not UTF-8": 1,
    }


def test_a_rebuild_that_fails_leaves_no_empty_store(layout: Layout) -> None:
    layout.labels.parent.mkdir(parents=True, exist_ok=True)
    layout.label_events.write_text("no event\n")
    with pytest.raises(InputError, match="is no label event"):
        open_store(layout)
    assert not layout.label_db.exists()


def answered(layout: Layout, *given: str, annotator: str = "ann") -> None:
    """Label pictures of SHAS, in their order, in the window's way."""
    with open_store(layout) as store:
        store.enqueue([(sha256, -place) for place, sha256 in enumerate(SHAS)], PRIMARY, "random")
        for label in given:
            store.answer(store.claim(annotator, PRIMARY, 1)[0], annotator, Answer(label))
        store.release(annotator)


def edited(layout: Layout, sha256: str, old: str, new: str) -> None:
    rows = layout.labels.read_text().splitlines(keepends=True)
    layout.labels.write_text(
        "".join(row.replace(old, new) if row.startswith(sha256) else row for row in rows)
    )


def of_last_year(layout: Layout) -> None:
    """Put what was labelled into the past: within one second the log cannot tell an edit from its undoing."""
    for path in (layout.labels, layout.label_events):
        path.write_text(re.sub(r"20\d\d-\d\d-\d\dT", "2025-06-07T", path.read_text()))
    layout.label_db.unlink()


def test_a_label_edited_by_hand_stands_and_can_be_edited_back(params: Params, layout: Layout) -> None:
    answered(layout, "damaged", "damaged")
    labels.export_labels(params, layout)
    of_last_year(layout)
    for label, before in (("undamaged", "damaged"), ("damaged", "undamaged")):
        edited(layout, SHAS[0], f",{before},", f",{label},")
        for _ in range(2):
            labels.export_labels(params, layout)
            assert final(layout)[SHAS[0]] == (label, "ann", "")
    assert final(layout)[SHAS[1]] == ("damaged", "ann", "")
    with open_store(layout) as store:
        notes = [event["note"] for event in store.history(SHAS[0])]
    assert notes == ["", "edited in labels.csv", "edited in labels.csv"]


def test_flags_edited_by_hand_stand(params: Params, layout: Layout) -> None:
    answered(layout, "damaged")
    labels.export_labels(params, layout)
    edited(layout, SHAS[0], ",,,,,", ",,,,,blurry")
    labels.export_labels(params, layout)
    assert final(layout)[SHAS[0]] == ("damaged", "ann", "blurry")


def test_a_verdict_edited_by_hand_outranks_the_votes_beside_it(params: Params, layout: Layout) -> None:
    answered(layout, "damaged")
    with open_store(layout) as store:
        store.enqueue([(SHAS[0], 0.0)], "second", "second")
        store.answer(store.claim("bob", "second", 1)[0], "bob", Answer("damaged"))
    labels.export_labels(params, layout)
    edited(layout, SHAS[0], f"{SHAS[0]},damaged,", f"{SHAS[0]},undamaged,")
    for _ in range(2):
        labels.export_labels(params, layout)
        assert final(layout)[SHAS[0]] == ("undamaged", "labels.csv", "")
    with open_store(layout) as store:
        assert len(store.history(SHAS[0])) == 3


def test_a_colleagues_later_label_of_a_known_picture_comes_by_git(params: Params, layout: Layout) -> None:
    answered(layout, "damaged")
    labels.export_labels(params, layout)
    with open_store(layout) as store:
        at = store.history(SHAS[0])[0]["at"]
    edited(layout, SHAS[0], "damaged,ann", "undamaged,bob")
    edited(layout, SHAS[0], at, "2099-01-02T03:04:05Z")
    labels.export_labels(params, layout)
    assert final(layout)[SHAS[0]] == ("unsure", "ann+bob", "conflict")  # two people, two labels
    with open_store(layout) as store:
        assert store.history(SHAS[0])[-1]["at"] == "2099-01-02T03:04:05Z"


def test_a_picture_labelled_in_another_clone_waits_here_no_more(params: Params, layout: Layout) -> None:
    answered(layout, "damaged")
    labels.export_labels(params, layout)
    pulled = layout.labels.read_text().splitlines()[1].replace(SHAS[0], SHAS[1])
    layout.labels.write_text(f"{layout.labels.read_text()}{pulled}\n")
    with open_store(layout) as store:
        assert SHAS[1] not in {task.sha256 for task in store.claim("cy", PRIMARY, 100)}


def test_a_labels_csv_that_is_older_than_the_store_takes_nothing_back(params: Params, layout: Layout) -> None:
    states = []
    answered(layout, "damaged", "damaged")
    with open_store(layout) as store:
        for change in ("nothing", "undo", "relabel", "second", "adjudicate"):
            if change == "undo":
                store.undo("ann", PRIMARY)
            elif change == "relabel":
                store.relabel(store.own_answers("ann", PRIMARY)[0], "ann", Answer("undamaged"))
            elif change != "nothing":
                store.enqueue([(SHAS[0], 0.0)], change, change)
                store.answer(store.claim("bob", change, 1)[0], "bob", Answer("damaged"))
            export.write(layout, store)
            states.append(layout.labels.read_bytes())
    assert len(set(states)) == len(states)
    for state in states:  # as after a kill between label and export, or `git checkout` of an old commit
        layout.labels.write_bytes(state)
        labels.export_labels(params, layout)
        assert layout.labels.read_bytes() == states[-1]
