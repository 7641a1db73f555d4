import json

import answered
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from wreck_core.report import changes
from wreck_core.stages import earlier, report

NAMES = ("mobilenet", "resnet50")


@pytest.fixture
def night(layout, params):
    """One report, kept, and a function that makes the next."""
    answered.fill(layout)
    for name in NAMES:
        answered.answer(layout, name, 1.2)
    board = answered.board_of(params, *NAMES)

    def make(board=board):
        report.run(board, layout)
        return json.loads(layout.report_json.read_text())

    make()
    earlier.keep(layout)
    return layout, board, make


def test_the_first_report_has_nothing_to_compare_with(layout, params):
    answered.fill(layout)
    answered.answer(layout, "mobilenet", 1.2)
    report.run(answered.board_of(params, "mobilenet"), layout)
    told = json.loads(layout.report_json.read_text())
    assert told["changes"] is None
    assert "first report" in told["answers"]["changes"]


def test_the_same_answers_move_by_exactly_nothing(night):
    changed = night[2]()["changes"]
    assert changed["pictures"] == {"common": 140, "new": 0, "gone": 0, "relabelled": 0}
    for row in changed["rows"]:
        assert (row["shift"]["delta"], row["shift"]["delta_low"], row["shift"]["delta_high"]) == (0, 0, 0)


def test_a_better_model_has_risen_with_an_interval_and_another_stands(night):
    layout, _, make = night
    answered.answer(layout, "resnet50", 3.0)
    told = make()
    rows = {row["backbone"]: row for row in told["changes"]["rows"]}
    assert rows["resnet50"]["shift"]["delta_low"] > 0
    assert rows["mobilenet"]["shift"]["delta"] == 0
    assert "resnet50 rose by" in told["answers"]["changes"]
    assert "mobilenet" not in told["answers"]["changes"]


def test_shift_is_measured_on_common_pictures_with_unchanged_labels_only(night):
    layout, _, make = night
    then = json.loads(layout.previous_report.read_text())["predictions"]
    manifest = pd.read_parquet(layout.manifest)
    inside = manifest.index[manifest["split"] == "fold"]
    manifest.loc[inside[:5], "label"] = [
        "undamaged" if label == "damaged" else "damaged" for label in manifest.loc[inside[:5], "label"]
    ]
    manifest = manifest.drop(inside[5:12])
    manifest.to_parquet(layout.manifest)
    for name in NAMES:
        answered.answer(layout, name, 1.5)
    told = make()
    now = {name: text.split() for name, text in told["predictions"].items() if name != "p"}
    assert told["changes"]["pictures"] == {"common": 128, "new": 0, "gone": 7, "relabelled": 5}
    before = zip(then["truth"].split(), map(float, then["p"]["mobilenet"].split()), strict=True)
    was = dict(zip(then["sha256"].split(), before, strict=True))
    common = [at for at, name in enumerate(now["sha256"]) if was[name][0] == now["truth"][at]]
    wins = pairs = 0.0  # within fold, by pair count
    for fold in set(now["fold"]):
        at = [place for place in common if now["fold"][place] == fold]
        truth = np.array([now["truth"][place] == "1" for place in at])
        many = truth.sum() * (~truth).sum()
        wins += many * roc_auc_score(truth, [was[now["sha256"][place]][1] for place in at])
        pairs += many
    shift = next(row["shift"] for row in told["changes"]["rows"] if row["backbone"] == "mobilenet")
    assert shift["auc_before"] == pytest.approx(wins / pairs, abs=1e-6)


def test_rows_that_come_fail_or_go_are_named_without_a_shift(night):
    layout, _, make = night
    answered.answer(layout, "xception", 1.0)
    answered.fail(layout, "resnet50", "no weights")
    board = answered.board_of(night[1], "xception", "resnet50")
    changed = make(board)["changes"]
    rows = {row["backbone"]: row for row in changed["rows"]}
    assert changed["off_the_board"] == ["mobilenet"]
    assert (rows["xception"]["before"], rows["xception"]["shift"]) == (None, None)
    assert (rows["resnet50"]["status"], rows["resnet50"]["before"]["status"]) == ("failed", "ok")


def test_gate_fails_when_the_leader_is_proven_worse_and_the_stage_still_ends_well(night):
    layout, _, make = night
    for name in NAMES:
        answered.answer(layout, name, 0.2)
    make()
    summary = earlier.check(layout)
    assert not summary.ok
    assert dict(summary.rows)["leader_not_worse"].startswith("fails: ")
    assert dict(summary.rows)["no_leaks"].startswith("holds: ")


def test_new_pictures_of_another_kind_are_drift(night):
    layout, _, make = night
    then = json.loads(layout.previous_report.read_text())
    parts = [then["predictions"], then["predictions"]["p"]]
    for columns in parts:
        columns |= {name: " ".join(text.split()[:70]) for name, text in columns.items() if name != "p"}
    layout.previous_report.write_text(json.dumps(then))
    known = set(then["predictions"]["sha256"].split())
    candidates = pd.read_parquet(layout.candidates)
    fresh = ~candidates["sha256"].str[: changes.NAME_DIGITS].isin(known)
    candidates.loc[fresh, "brightness"] += 300
    candidates.to_parquet(layout.candidates)
    drift = {row["fact"]: row for row in make()["changes"]["drift"]}
    assert drift["brightness"]["distance"] == 1
    assert drift["brightness"]["p"] < 1e-6
    assert drift["short side, px"]["p"] == 1


def test_no_board_at_all_is_compared_too(night):
    layout, _, make = night
    for name in NAMES:
        answered.fail(layout, name, "gone")
    changed = make()["changes"]
    assert changed["leader"]["now"] is None
    assert changed["leader"]["shift"] is None


def test_what_is_kept_names_no_url_and_shows_no_picture(night):
    text = night[0].previous_report.read_text()
    assert "photos.example" not in text
    assert "base64" not in text


@pytest.mark.parametrize("then", [{"schema": 1}, {"schema": 2, "positive": "damaged", "predictions": {}}])
def test_another_versions_report_is_no_obstacle_to_the_next(night, then):
    night[0].previous_report.write_text(json.dumps(then))
    made = night[2]()
    assert made["changes"] is None
    assert made["answers"]["changes"].startswith("The report before this one is of another version")
