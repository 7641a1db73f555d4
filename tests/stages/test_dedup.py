import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import fetched
import numpy as np
import pandas as pd
import pytest
from fetched import jpeg, photo, sha, smaller, write_decision, write_labels

from wreck_core import files, images, phash
from wreck_core.dedup import duplicates
from wreck_core.errors import GateError, InputError
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import dedup


@pytest.fixture
def fetch(layout: Layout) -> Callable[..., None]:
    return partial(fetched.store, layout)


def rows(layout: Layout) -> pd.DataFrame:
    return pd.read_parquet(layout.duplicates)


LIMITLESS = {"max_removed_fraction": 1.0}


@pytest.fixture
def relaxed(params: Params) -> Params:
    """The shipped params, but half of a tiny set may be near-duplicates."""
    return params.model_copy(update={"dedup": params.dedup.model_copy(update=LIMITLESS)})


def test_each_layer_finds_its_duplicates(relaxed: Params, layout: Layout, fetch: Callable[..., None]) -> None:
    original = jpeg(photo(1), 90)
    resaved = original + b"trailing bytes"
    edited = jpeg(smaller(photo(1)))
    other = jpeg(photo(2))
    fetch(("a", original), ("b", original), ("c", resaved), ("d", edited), ("e", other))
    summary = dedup.run(relaxed, layout)

    table = rows(layout)
    assert list(table.columns) == duplicates.COLUMNS
    by_sha = {(row.sha256, row.transform): row for row in table.itertuples()}
    survivor = sha(resaved)  # equal in pixels, and has more bytes
    assert set(by_sha) == {(sha(original), "bytes"), (sha(original), "pixels"), (sha(edited), "full")}
    assert set(table.decision) == {"drop"}
    assert by_sha[sha(original), "bytes"].survivor_sha256 == sha(original)
    assert by_sha[sha(original), "bytes"].url_id == sha(b"b")
    assert by_sha[sha(original), "pixels"].survivor_sha256 == survivor
    assert by_sha[sha(edited), "full"].survivor_sha256 == survivor
    assert by_sha[sha(edited), "full"].distance <= relaxed.dedup.threshold_bits

    counts = files.read_json(layout.dedup_json)
    assert counts == {
        "urls": 5,
        "images": 4,
        "byte_duplicates": 1,
        "pixel_duplicates": 1,
        "near_duplicates": 1,
        "unique": 2,
        "clusters": 2,
        "conflicts": 0,
        "review_pairs": 0,
        "mirror_pairs": 0,
        "crop_pairs": 0,
        "kept_pairs": 0,
        "layers": {
            "bytes": {"drop": 1, "review": 0, "conflict": 0, "keep": 0},
            "pixels": {"drop": 1, "review": 0, "conflict": 0, "keep": 0},
            "full": {"drop": 1, "review": 0, "conflict": 0, "keep": 0},
            **{name: dict.fromkeys(duplicates.FATES, 0) for name in ("square", "mirror", "crop")},
        },
        "hash_version": phash.HASH_VERSION,
        "fingerprint": {},
    }
    assert "2 distinct pictures of 5 fetched" in summary.headline


def test_the_same_candidates_give_the_same_bytes_in_any_order(
    relaxed: Params, layout: Layout, fetch: Callable[..., None]
) -> None:
    pictures = [(str(seed), jpeg(photo(seed))) for seed in range(4)]
    pictures += [(f"small{seed}", jpeg(smaller(photo(seed)))) for seed in range(3)]
    pictures += [("again", pictures[0][1])]
    fetch(*pictures)
    dedup.run(relaxed, layout)
    first = layout.duplicates.read_bytes()
    candidates = pd.read_parquet(layout.candidates)
    candidates.iloc[::-1].to_parquet(layout.candidates, index=False)
    dedup.run(relaxed, layout)
    assert layout.duplicates.read_bytes() == first


def test_a_labelled_picture_is_not_swapped_for_a_larger_newcomer(
    relaxed: Params, layout: Layout, fetch: Callable[..., None]
) -> None:
    labelled, newcomer = jpeg(smaller(photo(1))), jpeg(photo(1))
    fetch(("old", labelled), ("new", newcomer))
    write_labels(layout, **{sha(labelled): "damaged"})
    dedup.run(relaxed, layout)
    assert rows(layout)[["sha256", "survivor_sha256"]].to_numpy().tolist() == [[sha(newcomer), sha(labelled)]]


def test_one_picture_in_two_lists_with_two_labels_is_a_conflict_until_settled(
    params: Params, layout: Layout, fetch: Callable[..., None]
) -> None:
    both = jpeg(photo(1))
    fetch(("a", both, "damaged"), ("b", both, "undamaged"), ("c", jpeg(photo(2)), "damaged"))
    write_labels(layout, **{sha(both): "unsure/conflict"})
    summary = dedup.run(params, layout)
    assert rows(layout)[["decision", "conflict"]].to_numpy().tolist() == [["review", True]]
    assert summary.notes

    write_labels(layout, **{sha(both): "damaged"})
    dedup.run(params, layout)
    assert rows(layout)[["decision", "conflict"]].to_numpy().tolist() == [["drop", False]]


def test_a_cluster_with_contradicting_labels_is_not_dropped(
    relaxed: Params, layout: Layout, fetch: Callable[..., None]
) -> None:
    one, other, third = jpeg(photo(1)), jpeg(smaller(photo(1))), jpeg(photo(1), 30)
    fetch(("a", one), ("b", one), ("c", other), ("d", third))
    write_labels(layout, **{sha(one): "damaged", sha(other): "undamaged"})
    dedup.run(relaxed, layout)
    table = rows(layout)
    assert len(table) == 3
    assert table.conflict.all()
    assert set(table.decision) == {"review"}
    assert files.read_json(layout.dedup_json)["unique"] == 3


def test_what_people_decided_is_remembered(
    relaxed: Params, layout: Layout, fetch: Callable[..., None]
) -> None:
    one, other, far = jpeg(photo(1)), jpeg(smaller(photo(1))), jpeg(photo(2))
    fetch(("a", one), ("b", other), ("c", far))
    write_decision(layout, one, other, same=False)
    dedup.run(relaxed, layout)
    assert rows(layout)[["sha256", "decision"]].to_numpy().tolist() == [[sha(other), "keep"]]

    fetch(("a", one), ("c", far))
    write_decision(layout, far, one, same=True)
    dedup.run(relaxed, layout)
    assert rows(layout).decision.tolist() == ["drop"]
    assert rows(layout).distance[0] > relaxed.dedup.review_bits


def test_a_picture_that_is_near_a_dropped_one_only_is_for_review(
    relaxed: Params, layout: Layout, fetch: Callable[..., None]
) -> None:
    best, middle, end = jpeg(photo(2)), jpeg(smaller(photo(1))), jpeg(smaller(photo(1)), 40)
    fetch(("a", best), ("b", middle), ("c", end))
    write_decision(layout, best, middle, same=True)
    dedup.run(relaxed, layout)
    found = {(row.sha256, row.survivor_sha256, row.decision) for row in rows(layout).itertuples()}
    assert found == {(sha(middle), sha(best), "drop"), (sha(end), sha(middle), "review")}


def test_a_mirror_image_is_reported_for_review_only(
    params: Params, layout: Layout, fetch: Callable[..., None]
) -> None:
    picture = photo(1)
    fetch(("a", jpeg(picture)), ("b", jpeg(np.ascontiguousarray(picture[:, ::-1]))))
    dedup.run(params, layout)
    assert rows(layout)[["transform", "decision", "conflict"]].to_numpy().tolist() == [
        ["mirror", "review", False]
    ]
    assert files.read_json(layout.dedup_json)["mirror_pairs"] == 1


def test_the_band_above_the_threshold_is_for_review(
    params: Params, layout: Layout, fetch: Callable[..., None]
) -> None:
    one, other = jpeg(photo(1)), jpeg(smaller(photo(1)), 40)
    fetch(("a", one), ("b", other))
    strict = params.dedup.model_copy(update={"threshold_bits": 0})
    dedup.run(params.model_copy(update={"dedup": strict}), layout)
    assert rows(layout)[["sha256", "decision"]].to_numpy().tolist() == [[sha(other), "review"]]


def test_the_counts_of_all_layers_add_up(relaxed: Params, layout: Layout, fetch: Callable[..., None]) -> None:
    def mirror(picture: images.Image) -> images.Image:
        return np.ascontiguousarray(picture[:, ::-1])

    whole, copy, other, listed = (jpeg(photo(seed)) for seed in range(4))
    contradicted = jpeg(smaller(photo(3)))
    fetch(
        ("whole", whole),
        ("whole again", whole),
        ("pixels", whole + b"comment"),
        ("small", jpeg(smaller(photo(0)))),
        ("mirror", jpeg(mirror(photo(0)))),
        ("part", jpeg(np.ascontiguousarray(photo(0)[24:-24, 32:-32]))),
        ("copy", copy),
        ("apart", jpeg(smaller(photo(1)))),
        ("other", other),
        ("listed", listed),
        ("contradicted", contradicted),
        ("contradicted again", contradicted),
    )
    write_labels(layout, **{sha(listed): "damaged", sha(contradicted): "undamaged"})
    write_decision(layout, copy, jpeg(smaller(photo(1))), same=False)
    everything = relaxed.dedup.model_copy(update={"crops": True})
    dedup.run(relaxed.model_copy(update={"dedup": everything}), layout)
    counts, table = files.read_json(layout.dedup_json), rows(layout)
    layers = counts["layers"]

    def total(*fates: str, of: tuple[str, ...] = duplicates.LAYERS) -> int:
        return sum(layers[layer][fate] for layer in of for fate in fates)

    assert {layer: sum(fates.values()) for layer, fates in layers.items()} == {
        layer: int((table["transform"] == layer).sum()) for layer in duplicates.LAYERS
    }
    assert total(*duplicates.FATES) == len(table)
    assert total(*duplicates.FATES, of=("bytes",)) == counts["byte_duplicates"] == 2
    assert counts["urls"] == counts["images"] + counts["byte_duplicates"] == 12
    assert counts["pixel_duplicates"] == total("drop", of=("pixels",)) == 1
    assert counts["near_duplicates"] == total("drop", of=duplicates.NEAR_TRANSFORMS) == 1
    assert counts["unique"] == counts["images"] - total("drop", of=duplicates.LAYERS[1:]) == 8
    waiting = [counts[f"{name}_pairs"] for name in ("review", "mirror", "crop")]
    assert sum(waiting) == total("review")
    assert min(waiting[1:]) >= 1
    assert (total("conflict"), counts["conflicts"]) == (2, 1)  # a cluster of two rows
    assert counts["kept_pairs"] == total("keep") == 1


def test_flat_pictures_match_by_bytes_or_pixels_only(
    params: Params, layout: Layout, fetch: Callable[..., None]
) -> None:
    white, grey = np.full((90, 90, 3), 255, np.uint8), np.full((90, 90, 3), 128, np.uint8)
    png = images.encode(white, "png")
    fetch(("a", png), ("b", png + b"comment"), ("c", images.encode(grey, "png")))
    dedup.run(params, layout)
    assert rows(layout)["transform"].tolist() == ["pixels"]


def test_too_many_near_duplicates_stop_the_stage_and_leave_no_file(
    params: Params, layout: Layout, fetch: Callable[..., None]
) -> None:
    fetch(("a", jpeg(photo(1))), ("b", jpeg(smaller(photo(1)))), ("c", jpeg(photo(2))))
    with pytest.raises(GateError, match="1 of 3 pictures are near-duplicates"):
        dedup.run(params, layout)
    assert not layout.duplicates.exists()


def test_too_large_a_cluster_stops_the_stage_shows_it_and_leaves_no_file(
    relaxed: Params, layout: Layout, fetch: Callable[..., None]
) -> None:
    copies = [jpeg(photo(1), quality) for quality in (90, 80, 70, 60)]
    fetch(*((str(at), data) for at, data in enumerate(copies)), ("other", jpeg(photo(2))))
    small = relaxed.dedup.model_copy(update={"max_cluster": 3})
    with pytest.raises(GateError, match="one cluster holds 4 pictures") as stopped:
        dedup.run(relaxed.model_copy(update={"dedup": small}), layout)
    assert all(sha(data) in str(stopped.value) for data in copies)
    assert not layout.duplicates.exists()
    assert not layout.dedup_json.exists()


def test_byte_duplicates_never_stop_the_stage(
    params: Params, layout: Layout, fetch: Callable[..., None]
) -> None:
    fetch(*((str(line), jpeg(photo(1))) for line in range(30)))
    dedup.run(params, layout)
    assert files.read_json(layout.dedup_json)["byte_duplicates"] == 29


def test_no_candidates_says_what_to_run(params: Params, layout: Layout) -> None:
    with pytest.raises(InputError, match="wreck scrape"):
        dedup.run(params, layout)


def test_candidates_without_a_picture_are_no_error(
    params: Params, layout: Layout, fetch: Callable[..., None]
) -> None:
    fetch(("a", jpeg(photo(1))))
    pd.read_parquet(layout.candidates).iloc[:0].to_parquet(layout.candidates, index=False)
    dedup.run(params, layout)
    assert rows(layout).empty
    assert list(rows(layout).columns) == duplicates.COLUMNS


def test_any_folder_can_be_searched(params: Params, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    for name, data in (
        ("a.jpg", jpeg(photo(1))),
        ("sub/copy.jpg", jpeg(photo(1))),
        ("sub/small.jpg", jpeg(smaller(photo(1)))),
        ("other.jpg", jpeg(photo(2))),
        ("notes.txt", b"no picture"),
    ):
        files.write_bytes(folder / name, data)
    before = sorted(folder.rglob("*"))
    summary = dedup.run_folder(params, folder)
    found = [(pair["path"], pair["survivor"], pair["transform"]) for pair in summary.data["pairs"]]
    assert found == [("sub/copy.jpg", "a.jpg", "bytes"), ("sub/small.jpg", "a.jpg", "full")]
    assert summary.data["rejected"] == [{"path": "notes.txt", "status": "not_image"}]
    assert sorted(folder.rglob("*")) == before


def test_a_folder_full_of_traps_is_searched_all_the_same(params: Params, tmp_path: Path) -> None:
    folder, picture = tmp_path / "pictures", jpeg(photo(1))
    for name, data in (
        ("Müll 写真/ä [b] 🚗.jpg", picture),
        ("deep/er/one\nname.png", images.encode(photo(2), "png")),
        ("deep/copy.JPEG", picture),
        ("broken.jpg", picture[:900]),
        ("empty.jpg", b""),
        ("text.jpg", b"no picture"),
        ("tiny.png", images.encode(photo(3)[:2, :2], "png")),
    ):
        files.write_bytes(folder / name, data)
    not_utf8 = os.fsdecode(b"\xff\xfe.jpg")
    files.write_bytes(folder / not_utf8, jpeg(smaller(photo(1))))
    (folder / "link.jpg").symlink_to(folder / "deep/copy.JPEG")
    (folder / "hard.jpg").hardlink_to(folder / "deep/copy.JPEG")
    (folder / "dangling.jpg").symlink_to(folder / "nowhere.jpg")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.jpg")
    summary = dedup.run_folder(params, folder)
    found = [(pair["path"], pair["survivor"], pair["transform"]) for pair in summary.data["pairs"]]
    assert found == [
        ("\\udcff\\udcfe.jpg", "Müll 写真/ä [b] 🚗.jpg", "full"),
        ("deep/copy.JPEG", "Müll 写真/ä [b] 🚗.jpg", "bytes"),
    ]
    assert summary.data["rejected"] == [
        {"path": "broken.jpg", "status": "decode_failed"},
        {"path": "empty.jpg", "status": "not_image"},
        {"path": "text.jpg", "status": "not_image"},
    ]
    assert summary.notes == (
        "files that are no pictures: 2",
        "pictures that cannot be read: broken.jpg (decode_failed)",
    )


def test_a_crop_is_for_review_and_only_when_asked_for(relaxed: Params, tmp_path: Path) -> None:
    part = np.ascontiguousarray(photo(1)[24:-24, 32:-32])
    files.write_bytes(tmp_path / "whole.jpg", jpeg(photo(1)))
    files.write_bytes(tmp_path / "part.jpg", jpeg(part))
    assert dedup.run_folder(relaxed, tmp_path).data["pairs"] == []
    asked = relaxed.model_copy(update={"dedup": relaxed.dedup.model_copy(update={"crops": True})})
    (pair,) = dedup.run_folder(asked, tmp_path).data["pairs"]
    assert (pair["path"], pair["survivor"], pair["transform"]) == ("part.jpg", "whole.jpg", "crop")
    assert pair["decision"] == "review"


@pytest.mark.parametrize("files_in_it", [None, ["notes.txt"]], ids=["missing", "no_pictures"])
def test_a_folder_without_pictures_is_refused(
    params: Params, tmp_path: Path, files_in_it: list[str] | None
) -> None:
    folder = tmp_path / "pictures"
    for name in files_in_it or []:
        files.write_text(folder / name, "text")
    with pytest.raises(InputError):
        dedup.run_folder(params, folder)


def test_the_reference_photos_hold_11_equal_and_27_near_duplicates(
    params: Params, reference_photos: Path
) -> None:
    summary = dedup.run_folder(params, reference_photos)
    counts = dict(summary.rows)
    assert (counts["urls"], counts["images"], counts["byte duplicates"]) == (1227, 1216, 11)
    assert (counts["near duplicates"], counts["review pairs"], counts["mirror pairs"]) == (27, 0, 0)
