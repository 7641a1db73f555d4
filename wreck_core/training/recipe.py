"""What every recipe is given and what it gives back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core.errors import GateError, ParamsError
from wreck_core.params import BackboneRow, TrainParams
from wreck_core.summary import Progress
from wreck_core.training.backbones import Backbone, OwnFile
from wreck_core.training.head import Float, Ints, Scaled, fit_temperature, inner_folds, probabilities
from wreck_core.training.runtime import keras
from wreck_core.training.weights import Weights, digest, load

LABEL_MORE = "label more pictures, then run `wreck dataset`"
FINAL = -1  # the "fold" of the final model, which learns from all folds and answers the locked test part


@dataclass(frozen=True)
class Task:
    """One row of the board, ready to be trained.

    `samples` are as `pictures.read_samples` gives them. `root` is where their paths start,
    `features` the folder of the feature store, `checkpoint` a folder of this very task's inputs.
    """

    name: str
    row: BackboneRow
    backbone: Backbone
    weights: Weights
    classes: tuple[str, ...]
    positive: str
    samples: pd.DataFrame
    params: TrainParams
    root: Path
    features: Path
    checkpoint: Path
    progress: Progress

    @property
    def input_px(self) -> int:
        """Side of the square that the network takes."""
        return self.row.input_px or self.backbone.native_px

    @cached_property
    def parts(self) -> list["Part"]:
        """The models to fit: one per fold, then the final one."""
        return list(parts(self.samples))

    @property
    def recipe(self) -> str:
        """How the row is trained, as `recipe_of` says."""
        return recipe_of(self.row, self.backbone)

    @property
    def threads(self) -> int:
        """How many threads: one where batch norms are trained, because with two no two runs agree."""
        norms = self.recipe in ("full", "seed") or (
            self.recipe == "scratch" and self.backbone.name != "scratch_cnn"  # it alone has none
        )
        return 1 if norms else self.params.threads

    @property
    def epochs(self) -> int:
        """Epochs of a row whose recipe has them, which `check_row` has seen to."""
        if self.row.epochs is None:
            raise _no_epochs(self.name)
        return self.row.epochs


@dataclass(frozen=True)
class Part:
    """One model to fit: it learns from `train` and answers `answer` (row numbers of the samples)."""

    fold: int
    train: Ints
    answer: Ints


@dataclass(frozen=True)
class Outcome:
    """What a recipe found out.

    `logits` (N, K) and `temperature` (N,) are out-of-fold, those of the test part from the final
    model. `network` is that model: float32 RGB (N, px, px, 3) in 0-255 → logits (N, K), to be
    divided by `final_temperature`. `history` is one line per trial or epoch. `recipe` made that model;
    `compared` has the log-losses of the recipes that were tried, when there was a choice; `learning_curve`
    what a part of the pictures gives, and `other_sources` what sources that were left out give, where
    there are frozen features.
    `head` is what a frozen network was given, at no temperature.
    `features` (N, F) are the first of those that the last layer of `network` stands on: what its backbone's
    own last layer says, where the recipe has it at hand.
    """

    logits: Float
    temperature: Float
    network: Any
    final_temperature: float
    c: float | None
    weights_sha256: str
    history: pd.DataFrame
    recipe: str
    compared: dict[str, float] = field(default_factory=dict)
    learning_curve: list[dict[str, Any]] = field(default_factory=list)
    other_sources: dict[str, Any] | None = None
    head: Scaled | None = None
    features: NDArray[np.float32] | None = None

    def p_raw(self) -> Float:
        """Probabilities (N, K) as the models say them."""
        return probabilities(self.logits)

    def p_calibrated(self) -> Float:
        """Probabilities (N, K) at the temperatures chosen inside the training folds."""
        return probabilities(self.logits, self.temperature[:, None])


def recipe_of(row: BackboneRow, backbone: Backbone) -> str:
    """Say how a row is trained: as it says, or else `frozen`, or `scratch` when nobody published weights."""
    return row.recipe or ("frozen" if backbone.imagenet else "scratch")


def check_row(name: str, row: BackboneRow, backbone: Backbone) -> None:
    """Raise ParamsError for a row that could not be trained as it says, before anything is fetched for it."""
    recipe, own = recipe_of(row, backbone), backbone.name == "scratch_cnn"
    scratch_only = {"dense": row.dense, "dropout": row.dropout, "augment: false": not row.augment}
    said = [key for key, value in scratch_only.items() if value]
    if said and not (own and recipe == "scratch"):
        raise ParamsError(f"backbones.{name}: {said[0]} is for scratch_cnn alone", fix="take it away")
    if recipe == "scratch" and row.weights != "none":
        raise ParamsError(
            f"backbones.{name}: the recipe scratch starts from nothing, not from {row.weights} weights",
            fix="say `weights: none`, or another recipe",
        )
    if recipe not in ("frozen", "seed") and row.epochs is None:
        raise _no_epochs(name)
    if recipe in ("auto", "top_blocks") and not backbone.cut:
        raise ParamsError(
            f"backbones.{name}: {backbone.name} cannot be cut in two: at no depth is a single tensor alive",
            fix="use the recipe frozen or full",
        )


def _no_epochs(name: str) -> ParamsError:
    return ParamsError(f"backbones.{name}: needs epochs", fix=f"add `epochs: 12` to {name}")


def parts(samples: pd.DataFrame) -> Iterator[Part]:
    """Give one part per fold, then the final one. Rows to learn from that are in no fold have fold -1."""
    fold = samples["fold"].to_numpy()
    in_folds = (samples["split"] == "fold").to_numpy()
    for number in sorted(set(fold[in_folds].tolist()) - {FINAL}):
        yield Part(
            number, np.flatnonzero(in_folds & (fold != number)), np.flatnonzero(in_folds & (fold == number))
        )
    yield Part(FINAL, np.flatnonzero(in_folds), np.flatnonzero(~in_folds))


def split_inside(task: Task, part: Part) -> list[tuple[Ints, Ints]]:
    """Inner folds of a part's training rows, as row numbers within `part.train`."""
    rows = task.samples.iloc[part.train]
    return inner_folds(
        rows["target"].to_numpy(), rows["cluster"].tolist(), task.params.inner_folds, task.params.seed
    )


def check_enough(task: Task) -> None:
    """Refuse a dataset too small for honest inner folds.

    Raises GateError when there are fewer than two folds, or some part to learn from has a class
    with fewer clusters than inner folds.
    """
    if len(task.parts) < 3:
        raise GateError("the dataset has fewer than two folds", fix=LABEL_MORE)
    for part in task.parts:
        rows = task.samples.iloc[part.train]
        clusters = rows.groupby("label")["cluster"].nunique()
        for name in task.classes:
            if clusters.get(name, 0) < task.params.inner_folds:
                found, least = clusters.get(name, 0), task.params.inner_folds
                raise GateError(
                    f"outside of fold {part.fold} just {found} different pictures are {name}, not {least}",
                    fix=LABEL_MORE,
                )


def blank(task: Task) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give empty logits (N, K) and temperatures (N,), to be filled part by part."""
    return np.zeros((len(task.samples), len(task.classes))), np.ones(len(task.samples))


def build_backbone(task: Task) -> tuple[Any, str]:
    """Build the backbone with the weights that the row asks for, and name these by their sha256.

    Raises ParamsError for an `input_px` that is too small for it, and what its weights raise.
    """
    keras.utils.set_random_seed(task.params.seed)  # for rows with `weights: none`
    try:
        network = task.backbone.build(task.input_px)
    except ValueError as error:
        what = f"backbones.{task.name}: input_px: {task.input_px} does not fit {task.backbone.name}: {error}"
        raise ParamsError(what, fix="give it more") from error
    if task.weights.path is not None and not isinstance(task.backbone.imagenet, OwnFile):
        load(network, task.weights.path)
    return network, task.weights.sha256() or digest(network)


def finite(task: Task, loss: float) -> float:
    """Give an epoch's loss back. Raises GateError when it is no number: the training has diverged."""
    if not np.isfinite(loss):
        what = f"{task.name}: the training diverged: the loss of an epoch is {loss}"
        raise GateError(what, fix="say `train: precision: float32`, or another recipe for this row")
    return loss


def cross_fit(task: Task, logits: Float) -> tuple[NDArray[np.float64], float]:
    """Give each row its temperature (N,), and the final model's, from out-of-fold logits (N, K).

    A fold's temperature comes from what was said of the other folds, by models that had not seen these
    pictures: neither the fold's own answers nor the locked test part have a say. Without folds it is 1.
    """
    target = task.samples["target"].to_numpy()
    temperature, final = np.ones(len(task.samples)), 1.0
    answered = [row for part in task.parts if part.fold != FINAL for row in part.answer]
    for part in task.parts:
        judged = np.intersect1d(part.train, answered)
        final = fit_temperature(logits[judged], target[judged]) if judged.size else 1.0
        temperature[part.answer] = final
    return temperature, final
