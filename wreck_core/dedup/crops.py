"""Pictures of which one is a part of the other: a whole-frame hash is blind where 10-20 % are cut off.

Windows of every picture are hashed as if they had been cut out, and searched for among the whole
frames. What looks alike is then proved pixel by pixel: the smaller view is laid over the larger one
at every scale and place, and must fit.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from wreck_core import images, phash
from wreck_core.dedup import search
from wreck_core.images import Image
from wreck_core.phash import Hashes

# Of 732 crops of photos the worst reached 0.87; of different photos with like hashes the best 0.56.
MIN_CORRELATION = 0.85
VIEW_PX = 160

# What a window keeps of each side, and how many places it has in each direction: so close together that
# a hash bears what lies between (`python -m benchmarks.crops`).
_PLACES = {0.9: 3, 0.8: 5}
WINDOWS = sum(places**2 for places in _PLACES.values())
_SCALES = np.arange(0.70, 1.0, 0.01)  # width of the part in the whole
_VIEWS_HELD = 1024


def find(pictures: pd.DataFrame, root: Path, radius_bits: int) -> pd.DataFrame:
    """All pairs of which one is a crop of the other: columns left < right. Every picture is decoded.

    `pictures` has path (below `root`). Raises StorageError or ImageRejectedError for a file that
    cannot be read.
    """
    paths = [root / path for path in pictures.path]
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        hashes = list(workers.map(lambda path: _hashes(_view(path)), paths))
    shape = (len(paths), 1 + WINDOWS, phash.HASH_BYTES)
    near = candidates(np.array(hashes, np.uint8).reshape(shape), radius_bits)
    view = lru_cache(_VIEWS_HELD)(lambda at: _view(paths[at]))
    proved = [
        (whole, part) for whole, part in near if correlation(view(whole), view(part)) >= MIN_CORRELATION
    ]
    pairs = sorted({(min(pair), max(pair)) for pair in proved})
    return pd.DataFrame(pairs, columns=["left", "right"], dtype=np.int64)


def candidates(hashes: Hashes, radius_bits: int) -> list[tuple[int, int]]:
    """Pairs (whole, part) where a window of one is near the full frame of another.

    `hashes` is uint8 (N, 1 + WINDOWS, 32): the full frame of each picture, then its windows.
    """
    frames = np.ascontiguousarray(hashes[:, 0])
    found = [
        search.cross_pairs(np.ascontiguousarray(hashes[:, window]), frames, radius_bits)
        for window in range(1, 1 + WINDOWS)
    ]
    pairs = np.unique(np.concatenate(found), axis=0)
    return [(int(whole), int(part)) for whole, part in pairs if whole != part]


def correlation(whole: Image, part: Image) -> float:
    """Fit one view uint8 (h, w) into another (H, W) at the best scale and place: -1 to 1, 1 is equal."""
    best = -1.0
    for scale in _SCALES:
        width = round(whole.shape[1] * scale)
        height = round(part.shape[0] * width / part.shape[1])
        if height <= whole.shape[0]:
            best = max(best, images.find_part(whole, images.resize(part, width, height)))
    return best


def _view(path: Path) -> Image:
    """Luma of a picture at most VIEW_PX wide and high."""
    return images.fit_within(images.load_grey(path), VIEW_PX)


def _hashes(view: Image) -> Hashes:
    """Hash the full frame and every window: uint8 (1 + WINDOWS, 32)."""
    return phash.of_greys([view, *_windows(view)])[0]


def _windows(view: Image) -> Iterator[Image]:
    """Cut out what a crop would leave."""
    for kept, places in _PLACES.items():
        height, width = round(view.shape[0] * kept), round(view.shape[1] * kept)
        for top in np.linspace(0, view.shape[0] - height, places).round().astype(int):
            for left in np.linspace(0, view.shape[1] - width, places).round().astype(int):
                yield view[top : top + height, left : left + width]
