import pandas as pd

from wreck_core.dataset import manifest


def duplicates(*rows: tuple[str, str, str, str, bool]) -> pd.DataFrame:
    columns = ["sha256", "survivor_sha256", "transform", "decision", "conflict"]
    return pd.DataFrame(list(rows), columns=columns).astype({"conflict": bool})


CANDIDATES = pd.DataFrame(
    {
        "sha256": ["d", "c", "b", "b", "a"],
        "path": ["d.jpg", "c.jpg", "b.jpg", "b.jpg", "a.jpg"],
        "host": ["h", "h", "h", "i", "h"],
    }
)
LABELS = pd.DataFrame(
    {
        "sha256": ["a", "b", "c", "d", "gone"],
        "label": ["damaged", "undamaged", "damaged", "unsure", "damaged"],
        "annotator": ["list:x", "ann", "ann", "ann", "ann"],
        "selection": ["list", "random", "margin", "random", "random"],
        "x": 0.0,
        "y": 0.0,
        "w": 1.0,
        "h": 1.0,
    }
)
CLASSES = ["damaged", "undamaged"]


def test_only_labelled_survivors_without_conflict_are_used() -> None:
    found = duplicates(("b", "b", "bytes", "drop", False), ("c", "a", "full", "drop", False))
    kept = manifest.narrow(CANDIDATES, found, LABELS, CLASSES)
    assert kept.unique.sha256.tolist() == ["a", "b", "d"]
    assert kept.labelled.sha256.tolist() == kept.used.sha256.tolist() == ["a", "b"]

    found = duplicates(("c", "a", "full", "review", True))
    kept = manifest.narrow(CANDIDATES, found, LABELS, CLASSES)
    assert kept.labelled.sha256.tolist() == ["a", "b", "c"]
    assert kept.used.sha256.tolist() == ["b"]


def test_source_is_the_list_s_own_or_the_host() -> None:
    given = CANDIDATES.assign(source=["s", "s", None, None, "s"])
    nothing = duplicates()
    assert manifest.narrow(CANDIDATES, nothing, LABELS, CLASSES).used.source.tolist() == ["h", "h", "h"]
    assert manifest.narrow(given, nothing, LABELS, CLASSES).used.source.tolist() == ["s", "h", "s"]


def test_all_licenses_of_a_picture_are_kept_and_a_named_source_beats_a_host() -> None:
    given = CANDIDATES.assign(
        source=["h", "h", "h", "museum", "h"], license=[None, "CC-BY", "CC0", "CC-BY-SA", None]
    )
    used = manifest.narrow(given, duplicates(), LABELS, CLASSES).used.set_index("sha256")
    assert used.source.to_dict() == {"a": "h", "b": "museum", "c": "h"}
    assert used.license.dropna().to_dict() == {"b": "CC0 | CC-BY-SA", "c": "CC-BY"}
    again = given.assign(license=["CC0"] * 5)
    assert set(manifest.narrow(again, duplicates(), LABELS, CLASSES).used.license) == {"CC0"}


def test_clusters_join_whatever_may_be_the_same() -> None:
    found = duplicates(
        ("b", "c", "full", "drop", False),
        ("d", "b", "square", "review", False),  # a chain by way of a dropped one
        ("e", "d", "mirror", "review", False),
        ("x", "y", "full", "keep", False),
        ("z", "z", "bytes", "drop", False),
    )
    assert manifest.clusters(found) == dict.fromkeys("bcde", "c")
    assert manifest.clusters(duplicates()) == {}


def test_selection_says_how_a_label_came() -> None:
    kept = manifest.narrow(CANDIDATES, duplicates(), LABELS, CLASSES)
    folds = pd.DataFrame({"sha256": list("cba"), "cluster": list("cba"), "fold": 0, "split": "fold"})
    table = manifest.build(kept.used, folds, "box")
    assert list(table.columns) == manifest.COLUMNS
    assert dict(zip(table.sha256, table.selection, strict=True)) == {
        "a": "list",
        "b": "random",
        "c": "margin",
    }


def test_boxes_are_kept_or_left_out_as_the_crop_says() -> None:
    labels = LABELS.assign(x=[0.25, None, 0.0, None, 0.0], w=[0.5, None, 1.0, None, 1.0])
    labels.loc[labels.x.isna(), ["y", "h"]] = None
    used = manifest.narrow(CANDIDATES, duplicates(), labels, CLASSES).used
    folds = pd.DataFrame({"sha256": list("abc"), "cluster": list("abc"), "fold": 0, "split": "fold"})
    boxed, whole = (manifest.build(used, folds, crop)[list("xywh")] for crop in ("box", "full"))
    assert boxed.loc[0].tolist() == [0.25, 0, 0.5, 1]
    assert boxed.loc[1].isna().all()
    assert whole.isna().all(axis=None)
    assert (whole.dtypes == boxed.dtypes).all()  # a stage downstream sees the same columns


def test_leaks_are_counted() -> None:
    table = pd.DataFrame({"sha256": list("abcd"), "cluster": list("aacd"), "fold": [0, 1, 2, 2]})
    found = duplicates(("b", "c", "full", "review", False), ("a", "d", "full", "keep", False))
    assert manifest.leaks(table, found) == 2
    assert manifest.leaks(table.assign(fold=0), found) == 0
