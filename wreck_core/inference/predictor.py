"""Use a trained model: pictures in, one row each out."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import Semaphore
from time import perf_counter
from typing import Any

import numpy as np

from wreck_core import files, images
from wreck_core.errors import InputError
from wreck_core.inference import fastest
from wreck_core.training import in_distribution

THRESHOLD_OF_MEANS = 0.5  # as the board judges them

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
    """A row of the board, ready to answer from several threads at once: a trained model, or the mean of some.

    `folders` are those of the models. `kept` is the folder where their converted forms stay for the next
    time; `at_once` pictures really run at the same time, on an accelerator as many as make a batch: the
    attribute says how many. No answer depends on it, but for the last bits on an accelerator. `note` is told
    that the first time takes longer. Raises InputError when a model is not trained, or not for the same
    classes.
    """

    def __init__(
        self, name: str, folders: Sequence[Path], kept: Path, at_once: int = 1, note: Note = say_nothing
    ) -> None:
        cards = [read_card(folder) for folder in folders]
        self.name, self.classes, self.positive = name, cards[0]["classes"], cards[0]["positive"]
        for folder, card in zip(folders, cards, strict=True):
            if (card["classes"], card["positive"]) != (self.classes, self.positive):
                what = f"was trained for other classes than {folders[0].name}"
                raise InputError(what, where=str(folder), fix="run `dvc repro`")
        self.threshold: float = cards[0]["threshold"] if len(cards) == 1 else THRESHOLD_OF_MEANS
        self._networks = [_Network(folder, kept, at_once, note) for folder in folders]
        self.at_once = max(network.at_once for network in self._networks)
        self._turns = Semaphore(self.at_once)

    def classify(self, picture: Picture) -> dict[str, Any]:
        """Turn a picture into its row of `predict`.

        The mean is of calibrated probabilities, as on the board. `ms` is the time of all models; neither
        decoding nor waiting for other pictures counts, but on an accelerator the whole batch does.
        `in_distribution` is false as soon as one model says so, because its share of the mean is then a
        guess. So it is for up to 1 in 100 usual pictures of each model, and None where no model knows its
        training pictures.
        """
        row = {
            "path": picture.name,
            "sha256": picture.sha256,
            "label": None,
            f"p_{self.positive}": None,
            "threshold": self.threshold,
            "margin": None,
            "in_distribution": None,
            "model": self.name,
            "ms": None,
            "error": picture.error,
        }
        if picture.image is None:
            return row
        with self._turns:
            started = perf_counter()
            said = [network.answer(picture.image) for network in self._networks]
            row["ms"] = round(1000 * (perf_counter() - started), 2)
        mean = np.stack([one["p"] for one in said]).mean(axis=0, dtype=np.float64)
        p: dict[str, float] = dict(zip(self.classes, mean.tolist(), strict=True))
        row["label"] = decide(p, self.positive, self.threshold)
        row[f"p_{self.positive}"] = round(p[self.positive], 6)
        row["margin"] = round(p[self.positive] - self.threshold, 6)
        pairs = zip(self._networks, said, strict=True)
        usual = [network.known.holds(one["features"]) for network, one in pairs if network.known]
        row["in_distribution"] = all(usual) if usual else None
        return row


class _Network:
    """One trained model in its faster runtime, and what it knows of the pictures that trained it."""

    def __init__(self, folder: Path, kept: Path, at_once: int, note: Note) -> None:
        self._side_px: int = read_card(folder)["input"]["width_px"]
        self._ask, self.at_once = fastest.open_model(folder, kept, at_once, note)
        self.known = in_distribution.load(folder / "in_distribution.npz")

    def answer(self, picture: images.Image) -> dict[str, Any]:
        """Ask about one RGB uint8 (H, W, 3) picture: `p` float32 (K,) and `features` (F,)."""
        return self._ask(images.resize(picture, self._side_px, self._side_px))


def read_card(folder: Path) -> dict[str, Any]:
    """Read model.json. Raises InputError when there is no trained model in the folder."""
    card = folder / "model.json"
    if not card.exists():
        raise InputError("there is no trained model", where=str(folder), fix="run `dvc repro`")
    found: dict[str, Any] = files.read_json(card)
    return found


def trained(folder: Path) -> Path:
    """Give the folder back when a trained model is in it. Raises InputError as `read_card` does."""
    read_card(folder)
    return folder


def decide(p: dict[str, float], positive: str, threshold: float) -> str:
    """Choose the label: the positive class from the threshold on, else the likeliest of the others."""
    if p[positive] >= threshold:
        return positive
    return max((name for name in p if name != positive), key=lambda name: p[name])
