from xml.etree import ElementTree

import answered

from wreck_core import files
from wreck_core.report.interval_plot import interval_plot
from wreck_core.stages import report

SVG = "{http://www.w3.org/2000/svg}"


def test_every_ranked_row_has_its_interval_in_a_picture_that_needs_no_page(layout, params):
    answered.fill(layout)
    answered.answer(layout, "mobilenet", 0.9)
    answered.answer(layout, "resnet50", 0.7)
    answered.fail(layout, "xception", "no weights")
    report.run(answered.board_of(params, "mobilenet", "resnet50", "xception"), layout)
    board = files.read_json(layout.report_json)
    picture = ElementTree.fromstring(interval_plot(board))  # noqa: S314 - our own
    said = [text.text for text in picture.iter(f"{SVG}text")]
    ranked = [row for row in board["rows"] if row["roc_auc"] is not None]
    assert [row["backbone"] for row in ranked] == [word for word in said if word[0].isalpha()]
    assert len(list(picture.iter(f"{SVG}circle"))) == sum(row["status"] == "ok" for row in ranked)
    width = float(picture.get("width"))
    assert all(0 <= float(text.get("x")) < width for text in picture.iter(f"{SVG}text"))


def test_without_a_trained_row_there_is_no_picture():
    assert interval_plot({"rows": [{"backbone": "xception", "roc_auc": None}]}) == ""
