"""Use a trained model: one load, pictures in batches."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wreck_core import files, images
from wreck_core.errors import InputError
from wreck_core.training import features, model_file

WARM_UPS, RUNS = 5, 30


class Predictor:
    """A model.keras and its model.json, ready to answer."""

    def __init__(self, folder: Path) -> None:
        card = folder / "model.json"
        if not card.exists():
            raise InputError("there is no trained model", where=str(folder), fix="run `dvc repro`")
        self.card: dict[str, Any] = files.read_json(card)
        self._forward = features.compiled(model_file.load(folder / "model.keras"))

    def probabilities(self, pictures: Sequence[images.Image]) -> NDArray[np.float32]:
        """Give calibrated probabilities (N, K) of RGB uint8 (H, W, 3) pictures.

        The classes stand in the order of the card.
        """
        side_px = self.card["input"]["width_px"]
        return self._forward(np.stack([images.resize(picture, side_px, side_px) for picture in pictures]))


def latencies_ms(model: Any, side_px: int) -> tuple[float, float]:
    """Median and 95th percentile of milliseconds a picture at batch 1, compiled, decoding not counted."""
    forward = features.compiled(model)
    picture = np.random.default_rng(0).integers(0, 256, (1, side_px, side_px, 3), np.uint8)
    spans = []
    for _ in range(WARM_UPS + RUNS):
        start = perf_counter()
        forward(picture)
        spans.append(1000 * (perf_counter() - start))
    p50, p95 = np.percentile(spans[WARM_UPS:], [50, 95])
    return float(p50), float(p95)
