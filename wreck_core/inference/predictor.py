"""Use a trained model: pictures in, one row each out."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from time import perf_counter
from typing import Any

from wreck_core import files, images
from wreck_core.errors import InputError
from wreck_core.inference import fastest
from wreck_core.training import in_distribution

Note = Callable[[str], None]


def say_nothing(sentence: str) -> None:
    """Take a note without a word."""


@dataclass(frozen=True)
class Picture:
    """One picture by the name that the user knows it by: its pixels, or the reason why there are none."""

    name: str
    sha256: str | None = None
    image: images.Image | None = None
    error: str | None = None

    def plain_name(self, suffix: str) -> str:
        """Give a file name of the letters and figures of the picture's own, and of its hash."""
        stem = re.sub(r"[^\w.]+", "_", PurePosixPath(self.name.partition("?")[0]).stem).lstrip(".")
        return f"{stem.encode()[:60].decode(errors='ignore') or 'picture'}-{(self.sha256 or '')[:12]}{suffix}"


class Predictor:
    """A trained model, ready to answer from several threads at once.

    `kept` is the folder where its converted form stays for the next time; `at_once` pictures really
    run at the same time. No answer depends on either. `note` is told that the first time takes longer.
    """

    def __init__(self, folder: Path, kept: Path, at_once: int = 1, note: Note = say_nothing) -> None:
        self.card = read_card(folder)
        self.side_px: int = self.card["input"]["width_px"]
        self._known = in_distribution.load(folder / "in_distribution.npz")
        self._network = fastest.open_model(folder, kept, at_once, note)

    def answer(self, picture: images.Image) -> dict[str, Any]:
        """Ask the model about one RGB uint8 (H, W, 3) picture: `p` float32 (K,) and `features` (F,)."""
        return self._network(images.resize(picture, self.side_px, self.side_px))

    def classify(self, picture: Picture) -> dict[str, Any]:
        """Turn a picture into its row of `predict`; `ms` is the model's time, decoding not counted."""
        positive, threshold = self.card["positive"], self.card["threshold"]
        row = {
            "path": picture.name,
            "sha256": picture.sha256,
            "label": None,
            f"p_{positive}": None,
            "threshold": threshold,
            "margin": None,
            "in_distribution": None,
            "model": self.card["backbone"],
            "ms": None,
            "error": picture.error,
        }
        if picture.image is None:
            return row
        started = perf_counter()
        said = self.answer(picture.image)
        row["ms"] = round(1000 * (perf_counter() - started), 2)
        p = dict(zip(self.card["classes"], map(float, said["p"]), strict=True))
        row["label"] = decide(p, positive, threshold)
        row[f"p_{positive}"] = round(p[positive], 6)
        row["margin"] = round(p[positive] - threshold, 6)
        row["in_distribution"] = None if self._known is None else self._known.holds(said["features"])
        return row


def read_card(folder: Path) -> dict[str, Any]:
    """Read model.json. Raises InputError when there is no trained model in the folder."""
    card = folder / "model.json"
    if not card.exists():
        raise InputError("there is no trained model", where=str(folder), fix="run `dvc repro`")
    found: dict[str, Any] = files.read_json(card)
    return found


def decide(p: dict[str, float], positive: str, threshold: float) -> str:
    """Choose the label: the positive class from the threshold on, else the likeliest of the others."""
    if p[positive] >= threshold:
        return positive
    return max((name for name in p if name != positive), key=lambda name: p[name])
