"""Second looks from the queue to the figures: who sees what again, and what comes of it."""

import json
from pathlib import Path

import answered
import pandas as pd
import pytest

from wreck_core.errors import InputError, UsageError
from wreck_core.ingest.urls import normalise, url_id
from wreck_core.labeling.rebuild import open_store
from wreck_core.labeling.records import Answer, Import
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import again, enqueue, labels, quality, suspects


@pytest.fixture(autouse=True)
def pictures(layout: Layout) -> pd.DataFrame:
    answered.fill(layout)
    table = pd.read_parquet(layout.candidates)
    table.assign(url_id=[url_id(normalise(url)) for url in table.url]).to_parquet(layout.candidates)
    return pd.read_parquet(layout.manifest)


def answer_all(store: Store, annotator: str, round_name: str, truth: pd.Series, wrong: int = 0) -> list[str]:
    """Label all that the annotator can get, the first `wrong` ones not as they are; give what was seen."""
    seen = []
    while tasks := store.claim(annotator, round_name, 1):
        sha256 = tasks[0].sha256
        right = truth[sha256]
        other = "undamaged" if right == "damaged" else "damaged"
        store.answer(tasks[0], annotator, Answer(other if len(seen) < wrong else right, shown_ms=800))
        seen.append(sha256)
    return seen


def test_a_tenth_is_labelled_again_by_another_and_the_figures_follow(
    params: Params, layout: Layout, pictures: pd.DataFrame
) -> None:
    truth = pictures.set_index("sha256").label
    enqueue.run(params, layout)
    with open_store(layout) as store:
        assert len(answer_all(store, "ann", "primary", truth)) == 160
    assert 8 <= again.run(params, layout, "second").data["added"] <= 26
    assert again.run(params, layout, "second").data["added"] == 0
    more = again.run(params, layout, "second", 0.5).data["counts"]["open"]
    assert 60 <= more <= 100
    with open_store(layout) as store:
        assert answer_all(store, "ann", "second", truth) == []
        assert len(answer_all(store, "bob", "second", truth, wrong=4)) == more
    agreed = quality.agree(params, layout).data["agreement"]
    assert [(each["coefficient"], each["annotators"], each["n"]) for each in agreed] == [
        ("kappa", ("ann", "bob"), more)
    ]
    assert agreed[0]["low"] < agreed[0]["value"] < agreed[0]["high"] <= 1
    assert agreed[0]["observed"] == pytest.approx(1 - 4 / more, abs=1e-4)

    # What the two say differently waits to be settled; settled pictures become known answers.
    disputed = enqueue.run(params, layout).data["adjudicate"]["open"]
    assert disputed == 4
    with open_store(layout) as store:
        assert len(answer_all(store, "judge", "adjudicate", truth)) == 4
    labels.export_labels(params, layout)
    final = pd.read_csv(layout.labels).set_index("sha256")
    assert (final.label == truth[final.index]).all()
    assert set(final.selection) == {"random"}


def test_known_answers_are_mixed_among_new_pictures_and_score_the_annotator(
    params: Params, layout: Layout, pictures: pd.DataFrame
) -> None:
    truth = pictures.set_index("sha256").label
    known, new = pictures.sha256[:20].tolist(), pictures.sha256[20:].tolist()
    with open_store(layout) as store:
        store.enqueue([(sha, 0.0) for sha in known], "adjudicate", "conflict")
        assert len(answer_all(store, "judge", "adjudicate", truth)) == 20
    enqueue.run(params, layout)
    assert again.run(params, layout, "gold").data["added"] == 7  # a twentieth of 140
    assert again.run(params, layout, "gold").data["added"] == 0
    with open_store(layout) as store:
        seen = answer_all(store, "ann", "primary", truth)
        assert len(set(seen)) == len(seen) == 147
        assert set(seen) > set(new)
        assert any(sha in known for sha in seen[:130])
    row = next(row for row in quality.stats(params, layout).data["annotators"] if row["name"] == "ann")
    assert (row["n"], row["n_gold"], row["gold"], row["median_s"]) == (147, 7, 1.0, 0.8)


def test_an_audit_says_how_many_labels_hold(params: Params, layout: Layout, pictures: pd.DataFrame) -> None:
    truth = pictures.set_index("sha256").label
    with open_store(layout) as store:
        said = [Import(sha, truth[sha]) for sha in pictures.sha256]
        store.import_labels("list:a", said, "2026-01-02T03:04:05Z")
    asked = again.run(params, layout, "audit", 0.25).data["added"]
    with open_store(layout) as store:
        assert len(answer_all(store, "ann", "audit", truth, wrong=3)) == asked
    assert quality.stats(params, layout).data["audit"] == {"n": asked, "confirmed": asked - 3}


def test_an_unknown_round_is_refused_with_the_known_ones(params: Params, layout: Layout) -> None:
    with pytest.raises(UsageError, match="second, audit, gold"):
        again.run(params, layout, "third")


def test_the_least_likely_labels_are_found_and_queued_and_not_again_when_settled(
    params: Params, layout: Layout, pictures: pd.DataFrame
) -> None:
    params = answered.board_of(params, "alpha", "beta")
    answered.answer(layout, "alpha", 3.0, roc_auc=0.99)
    answered.answer(layout, "beta", 2.0, roc_auc=0.9)
    truth = pictures.set_index("sha256").label
    inside = pictures.sha256[pictures.split == "fold"]
    flipped = set(inside[::14])
    # The models were trained on the labels as they are: tell them of the wrong ones.
    for name in ("alpha", "beta"):
        table = pd.read_parquet(layout.model(name) / "oof.parquet")
        table.loc[table.sha256.isin(flipped), "label"] ^= 1
        table.to_parquet(layout.model(name) / "oof.parquet")
    other = {"damaged": "undamaged", "undamaged": "damaged"}
    with open_store(layout) as store:
        said = [Import(sha, other[truth[sha]] if sha in flipped else truth[sha]) for sha in pictures.sha256]
        store.import_labels("list:a", said, "2026-01-02T03:04:05Z")
    summary = suspects.run(params, layout, enqueue=True)
    assert summary.data["model"] == "alpha"
    worst = [row["sha256"] for row in summary.data["suspects"]]
    assert len(worst) == 14
    assert len(flipped & set(worst)) >= 8
    assert not set(worst) & set(pictures.sha256[pictures.split == "test"])
    with open_store(layout) as store:
        assert list(store.waiting("adjudicate")) == worst
        assert set(store.waiting("adjudicate").values()) == {"suspect"}
    enqueue.run(params, layout)  # an everyday queueing leaves them there
    denied = enqueue.run(params, layout, "disagree")
    assert denied.data["adjudicate"]["open"] >= len(flipped)
    with open_store(layout) as store:
        assert answer_all(store, "judge", "adjudicate", truth)
    assert not {row["sha256"] for row in suspects.run(params, layout).data["suspects"]} & set(worst)


def test_without_a_model_there_are_no_suspects(params: Params, layout: Layout) -> None:
    with pytest.raises(InputError, match="dvc repro"):
        suspects.run(params, layout)


def test_the_history_of_a_picture_is_told_by_hash_and_by_url(
    params: Params, layout: Layout, pictures: pd.DataFrame
) -> None:
    enqueue.run(params, layout)
    with open_store(layout) as store:
        task = store.claim("ann", "primary")[0]
        store.answer(task, "ann", Answer("damaged"))
        store.undo("ann", "primary")
        store.answer(task, "ann", Answer("undamaged", note="odd"))
    url = pd.read_parquet(layout.candidates).set_index("sha256").url[task.sha256]
    for target in (task.sha256.upper(), task.sha256[:12], url):
        events = quality.history(layout, target).data["events"]
        assert [(event["kind"], event["label"], event["standing"]) for event in events] == [
            ("label", "damaged", 0),
            ("undo", None, 0),
            ("label", "undamaged", 1),
        ]
        json.dumps(events)
    with pytest.raises(InputError, match="no URL that gave a picture"):
        quality.history(layout, "http://nowhere.example/a.jpg")
    with pytest.raises(InputError, match="nobody has said anything"):
        quality.history(layout, "0" * 64)
    with open_store(layout) as store:
        store.import_labels(
            "list:a", [Import(sha, "damaged") for sha in pictures.sha256], "2026-01-02T03:04:05Z"
        )
    with pytest.raises(InputError, match=f"{len(pictures):,} pictures begin so"):
        quality.history(layout, "")


def test_one_annotator_alone_agrees_with_nobody_and_is_told_what_to_do(
    params: Params, layout: Layout, tmp_path: Path
) -> None:
    summary = quality.agree(params, layout)
    assert summary.data["agreement"] == []
    assert "enqueue --round second" in summary.notes[0]
