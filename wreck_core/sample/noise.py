"""Seeded textures that the drawings are made of: clouds, grain and ridges."""

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


def clouds(rng: np.random.Generator, size: tuple[int, ...], cell_px: float, octaves: int = 4) -> Field:
    """Make smooth noise, float32 of `size` (height, width), about 0-1: octaves of ever finer random grids.

    Reference: Perlin, "An image synthesizer" (SIGGRAPH 1985); here the simpler value noise.
    """
    height, width = size
    total = np.zeros((height, width), np.float32)
    weight = 1.0
    for octave in range(octaves):
        cell = max(cell_px / 2**octave, 1.0)
        grid = rng.random((int(height / cell) + 2, int(width / cell) + 2), np.float32)
        total += weight * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        weight /= 2
    return np.asarray(total / (2 - 2 * weight), np.float32)


def ridges(rng: np.random.Generator, size: tuple[int, ...], cell_px: float) -> Field:
    """Make sharp folds, float32 of `size` (height, width), 0-1: what pressed sheet metal looks like."""
    soft = clouds(rng, size, cell_px, octaves=3)
    spread = float(np.ptp(soft)) or 1.0
    waves = (soft - soft.min()) / spread * 5.0
    return np.asarray(np.abs(waves % 2.0 - 1.0), np.float32)
