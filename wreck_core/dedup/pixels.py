"""Pictures that are the same pixel by pixel though their files differ (metadata, lossless re-saves)."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from wreck_core import images
from wreck_core.images import Image


def digest(picture: Image) -> str:
    """Sha256 of the size and the pixels of a picture uint8 (H, W, 3)."""
    size = np.array(picture.shape, np.int64).tobytes()
    return hashlib.sha256(size + np.ascontiguousarray(picture).tobytes()).hexdigest()


def digests(pictures: pd.DataFrame, near: pd.DataFrame, root: Path) -> pd.Series:
    """Digest of each picture that may have an equal: '' for all others, which are never decoded.

    `pictures` has path (below `root`), phash, phash_square, width, height; `near` the pairs left, right
    of those that look alike. Equal pixels have one size, and hashes that are equal, or near when the
    format differs (the luma of a JPEG is rounded otherwise). Raises StorageError or ImageRejectedError
    for a file that cannot be read.
    """
    alike = pictures.duplicated(["phash", "phash_square", "width", "height"], keep=False)
    left, right = (pictures.loc[near[side], ["width", "height"]].to_numpy() for side in ("left", "right"))
    one_size = near[(left == right).all(axis=1)]
    alike[one_size.left] = alike[one_size.right] = True
    return pd.Series(
        [
            digest(images.load(root / path)) if twin else ""
            for path, twin in zip(pictures.path, alike, strict=True)
        ],
        index=pictures.index,
        dtype=object,
    )


def equal_pairs(digest_of: pd.Series) -> pd.DataFrame:
    """Link every picture with a digest to the first that has the same: columns left < right."""
    known = digest_of[digest_of != ""]
    first = pd.Series(known.index, index=known.index).groupby(known).transform("first")
    pairs = pd.DataFrame({"left": first, "right": known.index})
    return pairs[pairs.left != pairs.right].reset_index(drop=True)
