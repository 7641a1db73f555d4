"""Three classes through the recipes that tune or learn from nothing, and the answers of their models."""

import drawn
import pandas as pd
import pytest

from wreck_core import files
from wreck_core.params import Params
from wreck_core.stages import predict, train

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

CLASSES = ("damaged", "undamaged", "worn")
TUNED = {"weights": "imagenet", "builder": "efficientnet_lite0", "input_px": 64, "epochs": 2}
ROWS = {
    "auto": {**TUNED, "recipe": "auto"},
    "top_blocks": {**TUNED, "recipe": "top_blocks"},
    "scratch": {"weights": "none", "builder": "scratch_cnn", "input_px": 32, "epochs": 2},
}


@pytest.fixture
def three(params) -> Params:
    raw = drawn.quick(params).model_dump()
    raw["labels"]["classes"] = list(CLASSES)
    raw["labels"]["keys"]["worn"] = "5"
    raw["labels"]["colours"]["worn"] = "#f0e442"
    raw["backbones"] = ROWS
    return Params.model_validate(raw)


@pytest.mark.parametrize("name", ROWS)
def test_three_classes_are_tuned_and_predicted(layout, three, tmp_path, name):
    drawn.fill(layout, per_class=12, classes=CLASSES)
    record = train.run(three, layout, name).data
    table = pd.read_parquet(layout.model(name) / "oof.parquet")
    assert table["label"].sum() == 12  # the positive class against the two others
    assert table["p_calibrated"].between(0, 1).all()
    assert set(record["compared"]) == ({"frozen", "top_blocks", "both"} if name == "auto" else set())
    assert record["roc_auc_low"] <= record["roc_auc"] <= record["roc_auc_high"]
    assert files.read_json(layout.model(name) / "model.json")["classes"] == list(CLASSES)

    for seed, label in enumerate(CLASSES, start=900):
        drawn.write_picture(tmp_path / "photos" / f"{label}.png", label, seed)
    summary = predict.run(three, layout, [str(tmp_path / "photos")], name)
    assert summary.ok
    assert [label for label, _ in summary.rows] == list(CLASSES)
    rows = summary.data["rows"]
    assert all(row["label"] in CLASSES and 0 <= row["p_damaged"] <= 1 for row in rows)
    if name != "scratch":  # which has seen too little in two epochs
        assert [row["label"] for row in rows] == list(CLASSES)
