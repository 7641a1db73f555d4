import answered
import numpy as np
import pytest

from wreck_core.errors import ParamsError
from wreck_core.params import load
from wreck_core.report import collate, ensembles, evidence

MEMBERS = ("mobilenet_v2", "efficientnet_lite0")


@pytest.fixture
def board(layout, params):
    answered.fill(layout)
    answered.answer(layout, "mobilenet_v2", 1.2, ms_per_image_p50=5.0, git_sha="a" * 40)
    answered.answer(layout, "efficientnet_lite0", 1.1, ms_per_image_p50=7.0, git_sha="b" * 40)
    answered.answer(layout, "mobilenet", 0.4)
    return answered.board_of(params, *MEMBERS, "mobilenet")


def test_an_ensemble_says_the_mean_and_costs_the_sum(layout, board):
    found = evidence.read(board, layout)
    models = {model.name: model for model in ensembles.add(board, found).models}
    mean, (one, other) = models["mean_of_two"], (models[name] for name in MEMBERS)
    np.testing.assert_allclose(mean.p_raw, (one.p_raw + other.p_raw) / 2)
    np.testing.assert_allclose(mean.p, (one.p + other.p) / 2)
    np.testing.assert_allclose(mean.test["p_raw"], (one.test["p_raw"] + other.test["p_raw"]) / 2)
    assert mean.facts["ms_per_image_p50"] == 12.0
    assert mean.facts["weights"] == "imagenet"
    assert "git_sha" not in mean.facts


def test_an_ensemble_is_a_row_with_status_ok(layout, board):
    rows = {row["backbone"]: row for row in collate.collate(board, layout, {})["rows"]}
    assert rows["mean_of_two"]["status"] == "ok"
    assert rows["mean_of_two"]["recipe"] == rows["mean_of_two"]["badge"] == "ensemble"
    assert rows["mean_of_two"]["roc_auc"] > rows["mobilenet"]["roc_auc"]
    assert rows["mean_of_two"]["rank"] == 1


def test_a_member_that_failed_fails_the_ensemble_with_its_reason(layout, board):
    answered.fail(layout, "efficientnet_lite0", "no weights")
    rows = {row["backbone"]: row for row in collate.collate(board, layout, {})["rows"]}
    assert rows["mean_of_two"]["status"] == "failed"
    assert rows["mean_of_two"]["recipe"] == "ensemble"
    assert rows["mean_of_two"]["reason"] == "its member efficientnet_lite0 failed: no weights"


def test_an_ensemble_whose_members_left_the_board_is_off_it_too(layout, params, board):
    fewer = answered.board_of(params, "mobilenet_v2", "mobilenet")
    assert "mean_of_two" not in {row["backbone"] for row in collate.collate(fewer, layout, {})["rows"]}


def test_an_ensemble_cannot_have_the_name_of_a_backbone(layout):
    text = layout.params.read_text()
    layout.params.write_text(text.replace("mean_of_two:", "resnet50:"))
    with pytest.raises(ParamsError, match="resnet50: a backbone has this name already"):
        load(layout.params)
