"""Pictures of which one is a part of the other: a whole-frame hash is blind where 10-20 % are cut off.

Windows of every picture are hashed as if they had been cut out, and searched for among the whole
frames. What looks alike is then proved pixel by pixel: the smaller view is laid over the larger one
at every scale and place, and must fit.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from wreck_core import images, phash
from wreck_core.dedup import search
from wreck_core.images import Image
from wreck_core.phash import Hashes

# Of 732 crops of photos the worst reached 0.87; of different photos with like hashes the best 0.56.
MIN_CORRELATION = 0.85

_KEPT = (0.9, 0.8)  # of each side; a hash bears the few percent in between
_CORNERS = (0.0, 0.5, 1.0)  # of what is cut away, how much on the left or at the top
_WINDOWS = len(_KEPT) * len(_CORNERS) ** 2
VIEW_PX = 160
_SCALES = np.arange(0.70, 1.0, 0.01)  # width of the part in the whole


def find(pictures: pd.DataFrame, root: Path, radius_bits: int) -> pd.DataFrame:
    """All pairs of which one is a crop of the other: columns left < right. Every picture is decoded.

    `pictures` has path (below `root`). Raises StorageError or ImageRejectedError for a file that
    cannot be read.
    """
    views: list[Image] = []
    hashes: list[Hashes] = []
    for path in pictures.path:
        view = images.fit_within(images.load_grey(root / path), VIEW_PX)
        views.append(view)
        hashes.append(phash.of_greys([view, *_windows(view)])[0])
    shape = (len(views), 1 + _WINDOWS, phash.HASH_BYTES)
    near = _candidates(np.array(hashes, np.uint8).reshape(shape), radius_bits)
    proved = [pair for pair in near if correlation(views[pair[0]], views[pair[1]]) >= MIN_CORRELATION]
    pairs = sorted({(min(pair), max(pair)) for pair in proved})
    return pd.DataFrame(pairs, columns=["left", "right"], dtype=np.int64)


def correlation(whole: Image, part: Image) -> float:
    """Fit one view uint8 (h, w) into another (H, W) at the best scale and place: -1 to 1, 1 is equal."""
    best = -1.0
    for scale in _SCALES:
        width = round(whole.shape[1] * scale)
        height = round(part.shape[0] * width / part.shape[1])
        if height <= whole.shape[0]:
            best = max(best, images.find_part(whole, images.resize(part, width, height)))
    return best


def _candidates(hashes: Hashes, radius_bits: int) -> list[tuple[int, int]]:
    """Pairs (whole, part) where a window of one is near the full frame of another. uint8 (N, 1 + W, 32)."""
    frames = np.ascontiguousarray(hashes[:, 0])
    found = [
        search.cross_pairs(np.ascontiguousarray(hashes[:, window]), frames, radius_bits)
        for window in range(1, 1 + _WINDOWS)
    ]
    pairs = np.unique(np.concatenate(found), axis=0)
    return [(int(whole), int(part)) for whole, part in pairs if whole != part]


def _windows(view: Image) -> list[Image]:
    """Cut out what a crop would leave: in the middle, at each side and in each corner."""
    windows = []
    for kept in _KEPT:
        height, width = round(view.shape[0] * kept), round(view.shape[1] * kept)
        for top in _CORNERS:
            for left in _CORNERS:
                y, x = round((view.shape[0] - height) * top), round((view.shape[1] - width) * left)
                windows.append(np.ascontiguousarray(view[y : y + height, x : x + width]))
    return windows
