"""The label stage: what it knows of pictures, and that the window comes up."""

import os
import re
import subprocess
import sys

import answered
import display
import fetched
import pytest
from fetched import jpeg, photo, sha, smaller

from wreck_core import files
from wreck_core.errors import UsageError
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import dedup, label, review
from wreck_core.stages.catalogue import Catalogue, hints


def test_what_is_known_of_a_picture_is_told_in_words(params: Params, layout: Layout) -> None:
    one, twin, other = jpeg(photo(1)), jpeg(smaller(photo(1))), jpeg(photo(2))
    fetched.store(layout, ("one.jpg", one), ("copy.jpg", one), ("twin.jpg", twin), ("other.jpg", other))
    bold = params.model_copy(update={"dedup": params.dedup.model_copy(update={"max_removed_fraction": 1.0})})
    dedup.run(bold, layout)
    known = Catalogue(layout)
    assert len(known) == 3
    facts = known[sha(one)].facts
    assert known[sha(one)].path.read_bytes() == one
    assert facts["url"] == "http://example.org/one.jpg"
    assert facts["host"] == "example.org"
    assert facts["size"] == f"320 x 240, jpeg, {len(one):,} bytes"
    assert re.fullmatch(r"1 more alike, \d+ bits away", facts["cluster"])
    assert "license" not in facts  # the list names none
    assert known[sha(other)].facts["cluster"] == "alone"
    assert "f" * 64 not in known


def test_the_leader_speaks_of_pictures_that_it_was_not_trained_on(params: Params, layout: Layout) -> None:
    assert hints(params.labels, layout) == {}
    answered.fill(layout, 40)
    answered.answer(layout, "mobilenet", 3.0)
    files.write_json(layout.leaderboard_json, {"leader": "mobilenet"})
    said = hints(params.labels, layout)
    assert len(said) == 40
    assert {hint.label for hint in said.values()} == {"damaged", "undamaged"}
    assert all(0.5 <= hint.score <= 1 and hint.model == "mobilenet" for hint in said.values())


@pytest.mark.parametrize("name", ["", "list:cars.csv", "=1+1", "ann\nben", "a" * 41])
def test_nobody_labels_or_decides_under_a_name_that_a_list_or_a_formula_might_have(
    params: Params, layout: Layout, name: str
) -> None:
    with pytest.raises(UsageError, match="is no name"):
        label.run(params, layout, name, "primary")
    with pytest.raises(UsageError, match="is no name"):
        review.serve(params, layout, name, print)
    assert not layout.label_db.exists()


@pytest.mark.display
@pytest.mark.skipif(bool(display.missing()), reason=f"not installed: {', '.join(display.missing())}")
def test_the_self_test_opens_paints_and_closes_the_window(layout: Layout) -> None:
    words = [sys.executable, "-m", "wreck_core", "--workspace", str(layout.root), "label", "--self-test"]
    with display.screen() as screen:
        done = subprocess.run(
            words, env=os.environ | {"DISPLAY": screen}, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert "was painted (1280 x 860 pixels)" in done.stdout
    bare = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(words, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no display" in done.stderr
