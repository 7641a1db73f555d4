"""The enqueue stage: which pictures wait for a label, and in which order."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from wreck_core.errors import InputError
from wreck_core.labeling.rebuild import open_store
from wreck_core.labeling.records import Import
from wreck_core.labeling.schema import PRIMARY
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import enqueue

SHAS = [hashlib.sha256(bytes([number])).hexdigest() for number in range(20)]


@pytest.fixture(autouse=True)
def candidates(layout: Layout) -> None:
    layout.candidates.parent.mkdir(parents=True)
    urls = [*SHAS, SHAS[0]]  # one picture under two addresses
    pd.DataFrame({"sha256": urls, "url_id": range(len(urls))}).to_parquet(layout.candidates)


def in_order(params: Params, order: str) -> Params:
    return params.model_copy(update={"enqueue": params.enqueue.model_copy(update={"order": order})})


def write_duplicates(layout: Layout, *pairs: tuple[str, str, str], conflict: bool = False) -> None:
    table = pd.DataFrame(pairs, columns=["sha256", "survivor_sha256", "decision"])
    table.assign(conflict=conflict).to_parquet(layout.duplicates)


def waiting(layout: Layout, round_name: str = PRIMARY) -> list[str]:
    with open_store(layout) as store:
        tasks = [task.sha256 for task in store.claim("ann", round_name, 100)]
        store.release("ann")
    return tasks


def test_every_picture_waits_once_however_often_it_is_run(params: Params, layout: Layout) -> None:
    assert enqueue.run(params, layout).data["counts"]["open"] == 20
    before = waiting(layout)
    assert dict(enqueue.run(params, layout).rows)["added"] == 0
    assert waiting(layout) == before
    assert sorted(before) == sorted(SHAS)


def test_fifo_keeps_the_order_of_the_lists_and_random_is_seeded(
    params: Params, layout: Layout, tmp_path: Path
) -> None:
    enqueue.run(in_order(params, "random"), layout)
    drawn = waiting(layout)
    assert drawn != SHAS
    layout.label_db.unlink()
    enqueue.run(in_order(params, "random"), layout)
    assert waiting(layout) == drawn
    layout.label_db.unlink()
    enqueue.run(in_order(params, "fifo"), layout)
    assert waiting(layout) == SHAS


def test_dropped_duplicates_and_labelled_pictures_do_not_wait(params: Params, layout: Layout) -> None:
    write_duplicates(
        layout, (SHAS[1], SHAS[2], "drop"), (SHAS[3], SHAS[4], "review"), (SHAS[0], SHAS[0], "drop")
    )
    with open_store(layout) as store:
        store.import_labels("list:a", [Import(SHAS[5], "damaged")], "2026-01-02T03:04:05Z")
    enqueue.run(params, layout)
    assert sorted(waiting(layout)) == sorted(set(SHAS) - {SHAS[1], SHAS[5]})


def test_a_new_duplicate_no_longer_waits(params: Params, layout: Layout) -> None:
    enqueue.run(params, layout)
    write_duplicates(layout, (SHAS[1], SHAS[2], "drop"))
    assert dict(enqueue.run(params, layout).rows)["parked"] == 1
    assert SHAS[1] not in waiting(layout)


def test_contradicting_labels_wait_for_adjudication_until_they_agree(params: Params, layout: Layout) -> None:
    write_duplicates(layout, (SHAS[1], SHAS[2], "review"), (SHAS[3], SHAS[4], "review"), conflict=True)
    with open_store(layout) as store:
        said = [
            Import(SHAS[1], "damaged"),
            Import(SHAS[2], "undamaged"),
            Import(SHAS[9], "unsure", "conflict"),
        ]
        store.import_labels("list:a", said, "2026-01-02T03:04:05Z")
    summary = enqueue.run(params, layout)
    # Pictures 3 and 4 have no label yet: their first one settles it.
    assert waiting(layout, "adjudicate") == [SHAS[1], SHAS[2], SHAS[9]]
    assert "wreck label --round adjudicate" in summary.notes[0]

    layout.duplicates.unlink()
    assert enqueue.run(params, layout).data["adjudicate"]["open"] == 1


def test_before_any_scrape_it_says_what_to_do(params: Params, layout: Layout) -> None:
    layout.candidates.unlink()
    with pytest.raises(InputError, match="wreck scrape"):
        enqueue.run(params, layout)
