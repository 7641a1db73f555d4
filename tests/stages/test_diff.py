"""What changed since a commit, in a real git and DVC repository."""

import pandas as pd
import tiny

from wreck_core import dvcio, gitio
from wreck_core.layout import Layout
from wreck_core.stages import diff

ADA = ("-c", "user.name=Ada", "-c", "user.email=ada@localhost")


def put(layout: Layout, pictures: str, labels: dict[str, str]) -> None:
    pd.DataFrame({"sha256": list(pictures)}).to_parquet(layout.candidates)
    rows = pd.DataFrame({"sha256": labels.keys(), "label": labels.values()})
    rows.to_csv(layout.labels, index=False)
    dvcio.snapshot(layout.root, [layout.candidates])


def test_pictures_and_labels_are_compared_with_a_commit(tmp_path) -> None:
    layout = tiny.build(tmp_path)
    put(layout, "abc", {"a": "damaged", "b": "damaged", "c": "unsure"})
    first = diff.since(layout, "HEAD")
    assert (first.new, first.gone) == (3, 0)
    tiny.git(tmp_path, "add", "-A")
    tiny.git(tmp_path, *ADA, "commit", "-q", "-m", "one")

    put(layout, "bcdef", {"b": "undamaged", "c": "unsure", "d": "damaged", "e": "damaged"})
    found = diff.since(layout, "HEAD")
    assert found.lines() == [
        "images: +3 \N{MINUS SIGN}1, 5 in all",
        "labels: 2 damaged new, 1 damaged gone, 1 damaged → undamaged, 4 in all",
    ]
    assert found.title() == "+3 \N{MINUS SIGN}1 images, 4 labels changed"
    assert "| images | 3 | 5 | +2 |" in found.table()
    assert "| damaged | 2 | 2 | +0 |" in found.table()


def test_a_night_is_compared_with_the_branch_that_it_goes_to(tmp_path) -> None:
    layout = tiny.build(tmp_path)
    assert gitio.tip(tmp_path, "nightly") == "HEAD"
    put(layout, "ab", {"a": "damaged"})
    gitio.publish(tmp_path, ["data/candidates.parquet.dvc", "data/labels.csv"], "one", branch="nightly")
    assert diff.since(layout, gitio.tip(tmp_path)).new == 2
    assert diff.since(layout, gitio.tip(tmp_path, "nightly")).new == 0
