from pathlib import Path

import numpy as np
import pandas as pd

from wreck_core import images
from wreck_core.dedup import pixels

NOT_NEAR = pd.DataFrame({"left": [], "right": []}, dtype=int)
ALIKE = {"phash": b"1", "phash_square": b"2", "width": 30, "height": 20}


def test_a_lossless_resave_has_equal_pixels_and_different_size_has_not(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    brighter = picture // 2 + 100
    (tmp_path / "a.png").write_bytes(images.encode(picture, "png"))
    # The same picture with a comment behind the end of the image: other bytes, equal pixels.
    (tmp_path / "b.png").write_bytes(images.encode(picture, "png") + b"comment")
    (tmp_path / "c.png").write_bytes(images.encode(brighter, "png"))
    table = pd.DataFrame([{**ALIKE, "path": name} for name in ("c.png", "a.png", "b.png")])
    digests = pixels.digests(table, NOT_NEAR, tmp_path)
    assert digests[1] == digests[2] != digests[0]
    assert pixels.equal_pairs(digests).to_numpy().tolist() == [[1, 2]]


def test_equal_pixels_in_another_format_are_found_though_their_hashes_differ(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    (tmp_path / "a.jpg").write_bytes(images.encode(picture, "jpg"))
    (tmp_path / "b.png").write_bytes(images.encode(images.load(tmp_path / "a.jpg"), "png"))
    table = pd.DataFrame([{**ALIKE, "path": "a.jpg"}, {**ALIKE, "path": "b.png", "phash": b"3"}])
    digests = pixels.digests(table, pd.DataFrame({"left": [0], "right": [1]}), tmp_path)
    assert pixels.equal_pairs(digests).to_numpy().tolist() == [[0, 1]]


def test_a_picture_that_is_like_no_other_is_not_decoded(tmp_path: Path) -> None:
    table = pd.DataFrame([{**ALIKE, "path": "missing.png"}, {**ALIKE, "path": "gone.png", "width": 31}])
    digests = pixels.digests(table, NOT_NEAR, tmp_path)
    assert digests.tolist() == ["", ""]
    assert pixels.equal_pairs(digests).empty


def test_a_turned_picture_is_not_the_same() -> None:
    flat = np.zeros((20, 30, 3), np.uint8)
    assert pixels.digest(flat) != pixels.digest(flat.transpose(1, 0, 2))
