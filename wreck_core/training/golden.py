"""A few pictures and what the trained model said of them, so that every copy of it can be checked.

The pictures are coarse coloured tiles that anybody can draw from the file: no photo leaves with a model.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wreck_core import files
from wreck_core.errors import GateError, InputError
from wreck_core.images import Image

TILES = (1, 2, 3, 5, 8)  # a side
SEED = 29
HOW = "pixel (y, x) of a picture of `side_px` is tiles[y * n // side_px][x * n // side_px], n tiles a side"

Forward = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def draw(tiles: Any, side_px: int) -> Image:
    """Draw tiles (n, n, 3) as RGB uint8 (side_px, side_px, 3)."""
    colours = np.asarray(tiles, np.uint8)
    at = np.arange(side_px) * len(colours) // side_px
    return colours[at][:, at]


def write(path: Path, forward: Forward, side_px: int) -> None:
    """Ask a model, uint8 (N, px, px, 3) → p (N, K), and write what it says."""
    rng = np.random.default_rng(SEED)
    pictures = [rng.integers(0, 256, (n, n, 3)).tolist() for n in TILES]
    said = [forward(draw(tiles, side_px)[None])[0] for tiles in pictures]
    entries = [
        {"tiles": tiles, "p": [round(float(p), 8) for p in answer]}
        for tiles, answer in zip(pictures, said, strict=True)
    ]
    files.write_json(path, {"how": HOW, "side_px": side_px, "pictures": entries})


def largest_difference(path: Path, forward: Forward) -> float:
    """Ask another copy of the model the same; give the largest difference of a probability.

    Raises InputError when the file is missing.
    """
    if not path.exists():
        raise InputError("there are no golden answers", where=str(path), fix="run `dvc repro` to train again")
    golden = files.read_json(path)
    differences = [
        np.abs(forward(draw(entry["tiles"], golden["side_px"])[None])[0] - entry["p"]).max()
        for entry in golden["pictures"]
    ]
    return float(max(differences))


def check(path: Path, forward: Forward, tolerance: float, where: str) -> float:
    """Refuse a copy whose probabilities differ by more than `tolerance`; give the largest difference.

    Raises GateError naming the copy by `where`.
    """
    difference = largest_difference(path, forward)
    if not difference <= tolerance:  # also NaN
        raise GateError(
            f"differs from the trained model by {difference:.4f} on golden pictures, more than {tolerance}",
            where=where,
            fix="use another --to; the file was not kept",
        )
    return difference
