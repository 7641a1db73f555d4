"""Orders that look at the pictures, with a real backbone."""

from collections import Counter

import drawn
import pandas as pd
import pytest

from wreck_core.labeling.rebuild import open_store
from wreck_core.labeling.records import Import
from wreck_core.layout import Layout
from wreck_core.params import BackboneRow, Params
from wreck_core.stages import enqueue

PER_CLASS = 50


@pytest.fixture
def pictures(layout: Layout) -> pd.DataFrame:
    drawn.fill(layout, PER_CLASS)
    table = pd.read_parquet(layout.manifest)
    table[["sha256", "path"]].to_parquet(layout.candidates)
    return table


def test_auto_begins_with_representatives_then_mixes_doubt_chance_and_repeats(
    params: Params, layout: Layout, pictures: pd.DataFrame
) -> None:
    params = drawn.quick(params)
    summary = enqueue.run(params, layout, "auto")
    assert any("no labels of two classes yet" in note for note in summary.notes)
    with open_store(layout) as store:
        waiting = store.waiting("primary")
    assert len(waiting) == len(pictures)
    assert list(waiting.values())[:40] == ["representative"] * 40
    assert set(list(waiting.values())[40:]) == {"random"}
    truth = pictures.set_index("sha256").label
    first = list(waiting)[:40]
    assert set(truth[first]) == {"damaged", "undamaged"}

    with open_store(layout) as store:
        store.import_labels("list:a", [Import(sha, truth[sha]) for sha in first], "2026-01-02T03:04:05Z")
    summary = enqueue.run(params, layout, "auto")
    with open_store(layout) as store:
        waiting = store.waiting("primary")
        assert store.repeats("primary") == 6  # a tenth of 60
        tasks = store.claim("ann", "primary", 99)
    assert Counter(waiting.values()) == {"margin": 47, "random": 13}
    assert list(waiting.values())[:5] == ["margin", "margin", "margin", "margin", "random"]
    assert len(tasks) == 66
    # The model's word is known of repeats as of new ones, or it would tell them apart.
    right = [task.hint.label == truth[task.sha256] for task in tasks if task.hint]
    assert len(right) == 66
    assert sum(right) > 50

    before = list(waiting)
    with open_store(layout) as store:
        store.release("ann")
    enqueue.run(params, layout, "auto")
    with open_store(layout) as store:
        assert list(store.waiting("primary")) == before


def test_margin_puts_the_most_doubtful_first(params: Params, layout: Layout, pictures: pd.DataFrame) -> None:
    params = drawn.quick(params)
    with open_store(layout) as store:
        said = [Import(row.sha256, row.label) for row in pictures[:50].itertuples()]
        store.import_labels("list:a", said, "2026-01-02T03:04:05Z")
    enqueue.run(params, layout, "margin")
    with open_store(layout) as store:
        scores = [task.hint.score for task in store.claim("ann", "primary", 99) if task.hint]
    assert len(scores) == 50
    assert scores == sorted(scores)


def test_without_weights_auto_is_random_and_says_so(
    params: Params, layout: Layout, pictures: pd.DataFrame
) -> None:
    rows = {"mobilenet": BackboneRow(weights="nowhere.weights.h5"), "own": BackboneRow(weights="none")}
    summary = enqueue.run(params.model_copy(update={"backbones": rows}), layout, "auto")
    assert any("random order" in note and "nowhere.weights.h5" in note for note in summary.notes)
    with open_store(layout) as store:
        assert set(store.waiting("primary").values()) == {"random"}
