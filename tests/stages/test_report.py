import base64
import csv
import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import answered
import pandas as pd
import pytest
import yaml
from sklearn.metrics import cohen_kappa_score

from wreck_core.errors import InputError
from wreck_core.evaluation.metrics import Cases, within_fold_auc
from wreck_core.report import page
from wreck_core.stages import report

REPOSITORY = Path(__file__).resolve().parents[2]
NAMES = ("mobilenet", "resnet50", "scratch_cnn")
CONTRACT = (
    "rank, rank_low, rank_high, tie_group, backbone, recipe, weights, status, reason, roc_auc, roc_auc_low, "
    "roc_auc_high, delta_to_leader, p_adjusted, p_best, log_loss, brier, ece, accuracy, precision, recall, "
    "f1, threshold, recall_at_p95, worst_slice, loso_auc, test_auc, params_m, size_mb, input_px, "
    "ms_per_image_p50, ms_per_image_p95, peak_rss_mb, fit_s, git_sha, data_rev, weights_sha256"
)


@pytest.fixture
def workspace(layout):
    """Two good models, the slower one with the better score, a weak one and three baselines."""
    answered.fill(layout)
    answered.answer(layout, "mobilenet", 1.6, ms_per_image_p50=5.0)
    answered.answer(layout, "resnet50", 1.65, ms_per_image_p50=90.0)
    answered.answer(layout, "scratch_cnn", 0.3, recipe="scratch", ms_per_image_p50=1.0)
    return layout


@pytest.fixture
def board(params):
    return answered.board_of(params, *NAMES)


def rows_of(layout):
    with (layout.reports / "leaderboard.csv").open(newline="") as handle:
        return {row["backbone"]: row for row in csv.DictReader(handle)}


def page_of(layout):
    return (layout.reports / "leaderboard.html").read_text()


def test_every_output_that_dvc_expects_is_written(workspace, board):
    report.run(board, workspace)
    stage = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]["report"]
    named = [out if isinstance(out, str) else next(iter(out)) for out in stage["outs"] + stage["metrics"]]
    assert sorted(named) == sorted(workspace.relative(path) for path in workspace.reports.iterdir())


def test_board_has_the_contracts_columns_and_a_row_for_each_backbone_and_baseline(workspace, board):
    summary = report.run(board, workspace)
    rows = rows_of(workspace)
    assert ", ".join(next(iter(rows.values()))) == CONTRACT
    assert set(rows) == {*NAMES, "majority", "metadata-only", "colour-only"}
    assert rows["majority"]["status"] == "baseline"
    assert float(rows["majority"]["roc_auc"]) == 0.5
    assert rows["majority"]["rank"] == ""
    assert summary.ok


def test_models_that_cannot_be_told_apart_tie_and_the_fastest_is_recommended(workspace, board):
    summary = report.run(board, workspace)
    rows = rows_of(workspace)
    assert [rows[name]["rank"] for name in NAMES] == ["1", "1", "3"]
    assert float(rows["mobilenet"]["p_adjusted"]) >= 0.05 > float(rows["scratch_cnn"]["p_adjusted"])
    assert summary.data["recommended"] == "mobilenet"
    assert summary.headline == "2 models tie; recommended: mobilenet, the fastest of them."
    told = json.loads(workspace.leaderboard_json.read_text())
    assert told["verdict"] == summary.headline
    assert told["leader"] == summary.data["leader"]
    assert told["roc_auc"] == pytest.approx(float(rows[told["leader"]]["roc_auc"]))


def test_a_model_that_may_be_guessing_is_not_recommended_for_its_speed(workspace, board):
    manifest = pd.read_parquet(workspace.manifest)
    few = manifest.groupby(["label", "fold"]).head(5)
    few.to_parquet(workspace.manifest)
    answered.answer(workspace, "mobilenet", 0.6, ms_per_image_p50=20.0)
    answered.answer(workspace, "resnet50", 0.45, ms_per_image_p50=90.0)
    answered.answer(workspace, "scratch_cnn", 0.1, ms_per_image_p50=1.0)
    summary = report.run(board, workspace)
    rows = rows_of(workspace)
    assert rows["scratch_cnn"]["tie_group"] == "1"
    assert float(rows["scratch_cnn"]["roc_auc_low"]) < 0.5
    assert summary.headline == "3 models tie; recommended: mobilenet, the fastest of them that beats chance."


def test_only_the_winner_is_scored_on_the_locked_fold(workspace, board):
    leader = report.run(board, workspace).data["leader"]
    assert [name for name, row in rows_of(workspace).items() if row["test_auc"]] == [leader]


def test_a_clear_winner_is_called_one(workspace, params):
    summary = report.run(answered.board_of(params, "mobilenet", "scratch_cnn"), workspace)
    assert summary.headline == "mobilenet is best: every other model is measurably worse."


def test_same_input_gives_the_same_bytes_and_the_page_comes_from_the_json_alone(workspace, board):
    report.run(board, workspace)
    first = {path.name: path.read_bytes() for path in workspace.reports.iterdir()}
    shutil.rmtree(workspace.reports)
    report.run(board, workspace)
    assert first == {path.name: path.read_bytes() for path in workspace.reports.iterdir()}
    assert page.render(json.loads(first["report.json"])) == first["leaderboard.html"].decode()


def test_a_failed_backbone_keeps_its_row_with_the_reason(workspace, board):
    answered.fail(workspace, "resnet50", "its weights cannot be had")
    summary = report.run(board, workspace)
    row = rows_of(workspace)["resnet50"]
    assert (row["status"], row["reason"], row["roc_auc"]) == ("failed", "its weights cannot be had", "")
    assert "resnet50 failed and is not compared." in summary.notes
    assert "its weights cannot be had" in page_of(workspace)


def test_a_backbone_whose_result_dvc_has_put_back_did_not_fail(workspace, board):
    metrics = workspace.model("resnet50") / "metrics.json"
    result = metrics.read_bytes()
    answered.fail(workspace, "resnet50", "by settings that were taken back")
    metrics.write_bytes(result)  # failed.json is no output: DVC leaves it
    report.run(board, workspace)
    assert rows_of(workspace)["resnet50"]["status"] == "ok"


def test_a_backbone_that_was_never_trained_says_so(workspace, params):
    report.run(answered.board_of(params, "mobilenet", "xception"), workspace)
    reason = rows_of(workspace)["xception"]["reason"]
    assert reason == "was not trained: there is no models/xception/metrics.json"


def test_when_everything_failed_the_board_is_written_all_the_same(workspace, board):
    for name in NAMES:
        answered.fail(workspace, name, "no weights")
    summary = report.run(board, workspace)
    assert summary.ok
    assert summary.headline == "No backbone could be trained; each row says why."
    assert summary.data["leader"] is None
    assert page_of(workspace).count("no weights") == 2 * len(NAMES)  # the board and every column


def test_a_backbone_taken_off_params_is_off_the_board(workspace, params):
    report.run(answered.board_of(params, "mobilenet"), workspace)
    assert "resnet50" not in rows_of(workspace)
    assert "Only mobilenet was trained" in page_of(workspace)


@pytest.mark.parametrize("change", ["fold", "label", "missing"])
def test_answers_to_another_dataset_are_not_compared(workspace, board, change):
    path = workspace.model("resnet50") / "oof.parquet"
    table = pd.read_parquet(path)
    if change == "fold":
        table.loc[0, "fold"] = (table.loc[0, "fold"] + 1) % answered.FOLDS
    elif change == "label":
        table.loc[0, "label"] = 1 - table.loc[0, "label"]
    else:
        table = table.drop(index=0)
    table.to_parquet(path)
    report.run(board, workspace)
    assert rows_of(workspace)["resnet50"]["reason"] == "was trained on another dataset than today's"


def test_random_weights_are_marked(workspace, params):
    report.run(answered.board_of(params, *NAMES, weights="none"), workspace)
    badges = {row["backbone"]: row["badge"] for row in _report(workspace)["rows"]}
    assert badges["mobilenet"] == "random"
    assert badges["scratch_cnn"] == "scratch"


def test_a_leader_no_better_than_a_shortcut_is_called_out(workspace, params):
    answered.answer(workspace, "mobilenet", 0.05)
    summary = report.run(answered.board_of(params, "mobilenet"), workspace)
    assert any(note.startswith("The leader is not measurably better than") for note in summary.notes)


def test_a_gate_that_does_not_hold_is_written_down_and_raises_nothing(workspace, params):
    summary = report.run(answered.board_of(params, *NAMES, min_auc=0.999), workspace)
    suite = ElementTree.parse(workspace.reports / "junit.xml").getroot()  # noqa: S314 - our own file
    assert suite.get("failures") == "1"
    assert [case.get("name") for case in suite.iter("testcase") if len(case)] == ["leader_roc_auc"]
    assert summary.ok
    assert any(note.startswith("gate leader_roc_auc") for note in summary.notes)


def test_a_cluster_in_two_folds_is_a_leak(workspace, board):
    manifest = pd.read_parquet(workspace.manifest)
    manifest.loc[manifest["fold"].isin([0, 1]).idxmax(), "cluster"] = manifest.loc[
        manifest["fold"].eq(2).idxmax(), "cluster"
    ]
    manifest.to_parquet(workspace.manifest)
    report.run(board, workspace)
    assert _report(workspace)["dataset"]["leaks"] == 1


def test_parts_without_their_files_are_left_out_with_a_sentence(workspace, board):
    workspace.candidates.unlink()
    report.run(board, workspace)
    assert rows_of(workspace)["metadata-only"]["status"] == "failed"
    assert "Not shown for want of data/scrape.json" in page_of(workspace)


def test_thumbnails_are_whole_blurred_or_absent(workspace, params):
    pages = {}
    for mode in ("full", "blur", "none"):
        report.run(answered.board_of(params, *NAMES, thumbnails=mode), workspace)
        pages[mode] = page_of(workspace)
    assert pages["full"].count("data:image/webp") == pages["blur"].count("data:image/webp") > 0
    assert pages["full"] != pages["blur"]
    assert "data:image" not in pages["none"]


def test_pictures_that_are_gone_leave_their_number(workspace, board):
    shutil.rmtree(workspace.images)
    report.run(board, workspace)
    assert 'class="blank"' in page_of(workspace)
    assert rows_of(workspace)["colour-only"]["status"] == "failed"


def test_without_a_dataset_it_says_what_to_do(layout, board):
    with pytest.raises(InputError, match="wreck dataset"):
        report.run(board, layout)


def test_one_class_alone_cannot_be_ranked(workspace, board):
    manifest = pd.read_parquet(workspace.manifest)
    manifest.assign(label="damaged").to_parquet(workspace.manifest)
    with pytest.raises(InputError, match="no two classes"):
        report.run(board, workspace)


def test_agreement_of_annotators_is_that_of_their_votes(workspace, board):
    pictures = pd.read_parquet(workspace.manifest)["sha256"]
    both = ["damaged damaged", "undamaged undamaged", "damaged undamaged"] * 20
    rows = [
        {"sha256": sha256, "annotator": "ann", "votes": "ann={} bob={}".format(*said.split())}
        for sha256, said in zip(pictures, both, strict=False)
    ]
    pd.DataFrame(rows).to_csv(workspace.labels, index=False)
    report.run(board, workspace)
    told = _report(workspace)["dataset"]["agreement"]
    says = [pair.split() for pair in both]
    expected = cohen_kappa_score(*zip(*says, strict=True))
    assert [(one["coefficient"], one["n"]) for one in told] == [("kappa", 60)]
    assert told[0]["value"] == pytest.approx(expected, abs=1e-4)
    assert told[0]["low"] < expected < told[0]["high"]
    assert "On 60 shared pictures 2 annotators agree beyond chance" in page_of(workspace)


def test_score_is_told_apart_by_how_pictures_were_chosen(workspace, board):
    manifest = pd.read_parquet(workspace.manifest)
    ways = ["list", "margin", "random", "suspect"]
    chosen = manifest.index.map(lambda at: ways[min(at // 50, 3)])
    manifest.assign(selection=chosen).to_parquet(workspace.manifest)
    leader = report.run(board, workspace).data["leader"]
    told = _report(workspace)["selections"]
    rows = {row["selection"]: row for row in told["rows"]}
    assert sum(row["images"] for row in rows.values()) == (manifest["split"] == "fold").sum()
    assert rows["suspect"]["roc_auc"] is None  # too few
    answers = pd.read_parquet(workspace.model(leader) / "oof.parquet").assign(way=chosen)
    listed = answers[(answers["way"] == "list") & (answers["fold"] >= 0)]
    cases = Cases(listed["label"].eq(1).to_numpy(), listed["fold"].to_numpy(), listed.index.to_numpy())
    assert rows["list"]["roc_auc"] == pytest.approx(
        within_fold_auc(cases, listed["p_raw"].to_numpy()), abs=1e-5
    )
    assert told["says"].startswith("For their looks or a model's doubts the queue chose")
    assert "on random" in told["says"]
    assert "on margin" not in told["says"]


def test_score_on_new_sources_is_shown_where_training_left_one(workspace, board):
    answered.answer(workspace, "mobilenet", 1.6, leave_one_source_out={"auc": 0.8125})
    report.run(board, workspace)
    assert {name: row["loso_auc"] for name, row in rows_of(workspace).items() if row["loso_auc"]} == {
        "mobilenet": "0.8125"
    }
    assert "New source</abbr>" in page_of(workspace)
    for name in NAMES:
        answered.answer(workspace, name, 1.6, leave_one_source_out={"auc": None, "reason": "one source <b>"})
    report.run(board, workspace)
    assert "New source</abbr>" not in page_of(workspace)
    assert "is not known: one source &lt;b&gt;." in page_of(workspace)


def test_seed_table_has_the_seeds_order_and_names(workspace, board):
    report.run(board, workspace)
    head = (workspace.reports / "leaderboard_seed.csv").read_text().splitlines()[0]
    assert head == "model,loss,accuracy,precision,recall,auc"


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'\u202egnp.=cmd"


def test_hostile_text_is_shown_and_never_run(layout, board):
    answered.fill(layout, source=HOSTILE, url="javascript:alert(1)")
    answered.answer(layout, "mobilenet", 1.5, weights_source=HOSTILE, versions={"numpy": HOSTILE})
    answered.fail(layout, "resnet50", f"=HYPERLINK({HOSTILE})")
    answered.fail(layout, "scratch_cnn", HOSTILE + "x" * 5000)
    report.run(board, layout)
    text, tags = page_of(layout), Tags()
    tags.feed(text)
    data = {"type": "application/json", "id": "pick-data"}  # never run
    assert [attrs for tag, attrs in tags.seen if tag == "script"] == [data, {}]
    assert not any(name.startswith("on") for _, attrs in tags.seen for name in attrs)
    assert not any("javascript:" in (value or "") for _, attrs in tags.seen for value in attrs.values())
    assert "\u202e" not in text
    assert rows_of(layout)["resnet50"]["reason"].startswith("'=HYPERLINK")
    assert "<script>" not in (layout.reports / "leaderboard.md").read_text()


def test_page_reaches_for_nothing_outside_itself(workspace, board):
    report.run(board, workspace)
    text, tags = page_of(workspace), Tags()
    tags.feed(text)
    for tag, attrs in tags.seen:
        assert tag not in ("link", "iframe", "object", "base")
        assert attrs.get("src", "data:").startswith("data:")
        if tag != "a":
            assert attrs.get("href", "#").startswith("#")
    assert "url(" not in text
    assert "@import" not in text


def test_policy_allows_this_style_and_script_alone(workspace, board):
    report.run(board, workspace)
    text = page_of(workspace)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1].replace("&#39;", "'")
    for tag in ("style", "script"):
        body = re.search(rf"<{tag}>(.*)</{tag}>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def _report(layout):
    return json.loads(layout.report_json.read_text())
