"""Use a trained model: one load, pictures in batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wreck_core import files, images
from wreck_core.errors import InputError
from wreck_core.training import features, model_file

WARM_UPS, RUNS = 5, 30


@dataclass(frozen=True)
class Picture:
    """One picture by the name that the user knows it by: its pixels, or the reason why there are none."""

    name: str
    sha256: str | None = None
    image: images.Image | None = None
    error: str | None = None


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

    def classify(self, model: str, batch: Sequence[Picture]) -> list[dict[str, Any]]:
        """Turn pictures into rows of `predict`, in order; `ms` is the batch's time shared among them."""
        good = [picture.image for picture in batch if picture.image is not None]
        started = perf_counter()
        answers = iter(self.probabilities(good) if good else ())
        ms = 1000 * (perf_counter() - started) / max(len(good), 1)
        return [
            self._row(model, picture, None if picture.image is None else next(answers), ms)
            for picture in batch
        ]

    def _row(
        self, model: str, picture: Picture, answer: NDArray[np.float32] | None, ms: float
    ) -> dict[str, Any]:
        positive, threshold = self.card["positive"], self.card["threshold"]
        p = {} if answer is None else dict(zip(self.card["classes"], map(float, answer), strict=True))
        return {
            "path": picture.name,
            "sha256": picture.sha256,
            "label": decide(p, positive, threshold) if p else None,
            f"p_{positive}": round(p[positive], 6) if p else None,
            "threshold": threshold,
            "margin": round(p[positive] - threshold, 6) if p else None,
            "in_distribution": None,
            "model": model,
            "ms": round(ms, 2) if p else None,
            "error": picture.error,
        }


def decide(p: dict[str, float], positive: str, threshold: float) -> str:
    """Choose the label: the positive class from the threshold on, else the likeliest of the others."""
    if p[positive] >= threshold:
        return positive
    return max((name for name in p if name != positive), key=lambda name: p[name])


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
