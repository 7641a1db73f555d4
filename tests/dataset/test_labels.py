import math
from pathlib import Path

import pytest

from wreck_core.dataset import labels
from wreck_core.errors import InputError

CLASSES = ["damaged", "undamaged"]
HEADER = ",".join(labels.COLUMNS) + "\n"
ROW = "a,damaged,ann,primary,1,1.0,0.3,0.4,0.5,0.6,,2026-01-01T00:00:00Z\n"


def test_labels_are_text_and_boxes_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(HEADER + ROW + "NA,unsure,null,primary,2,0.5,,,,,conflict,2026-01-01T00:00:00Z\n")
    frame = labels.read(path, CLASSES)
    assert frame.sha256.tolist() == ["a", "NA"]
    assert frame.annotator.tolist() == ["ann", "null"]
    assert frame.loc[0, labels.BOX].tolist() == [0.3, 0.4, 0.5, 0.6]
    assert all(math.isnan(side) for side in frame.loc[1, labels.BOX])


@pytest.mark.parametrize("text", [None, HEADER], ids=["no_file", "header_only"])
def test_nothing_is_labelled_yet(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "labels.csv"
    if text:
        path.write_text(text)
    frame = labels.read(path, CLASSES)
    assert frame.empty
    assert list(frame.columns) == labels.COLUMNS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no readable CSV"),
        ("sha256,label\na,damaged\n", "has no column annotator"),
        (HEADER + ROW + ROW, r"labels.csv:3: labels a picture a second time"),
        (HEADER + ROW.replace("damaged", "dented"), r"labels.csv:2: label 'dented' is none of damaged"),
        (HEADER + ROW.replace("0.5", "wide"), "no readable CSV"),
        (HEADER + ROW.replace("0.5", "500"), r"labels.csv:2: the box x, y, w, h does not lie in the picture"),
        (HEADER + ROW.replace("0.5", "0"), "does not lie in the picture"),
        (HEADER + ROW.replace("0.5", ""), "does not lie in the picture"),
    ],
    ids=["empty", "column", "twice", "unknown", "box", "pixels", "no width", "three sides"],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        labels.read(path, CLASSES)
