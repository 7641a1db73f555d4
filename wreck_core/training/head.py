"""The head on frozen features: logistic regression, its strength and its temperature.

Features are standardised, and then each layer's part of a picture is brought to one length: how far a
picture is from the mean says less about its class than the direction. Everything is chosen inside the rows
that are given, by grouped inner folds.

Reference: Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), for the temperature.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

Float = NDArray[np.float64]
Ints = NDArray[np.int64]

TEMPERATURES = (0.05, 20.0)  # the search stays between
UNSEEN = -30.0  # logit of a class that the rows do not hold
SHORTEST = 1e-6  # a part of no length at all stays that way
FITTED = 1e-4  # largest slope of the loss at which a fit ends
TRIED = 1e-3  # of one that is only compared: the same choice in half the time


@dataclass(frozen=True)
class Linear:
    """Logits = features @ weights (F, K) + bias (K,), one column per class."""

    weights: Float
    bias: Float

    def logits(self, features: NDArray[Any]) -> Float:
        """Float64 (N, K) from features (N, F)."""
        return np.asarray(features.astype(np.float64) @ self.weights + self.bias, np.float64)


@dataclass(frozen=True)
class Scaling:
    """What is done to features (N, F) first, by `mean` and `scale` (F,) and how many each layer has."""

    mean: Float
    scale: Float
    widths: tuple[int, ...]

    @property
    def length(self) -> float:
        """Length of each layer's part: that of the whole is the one of standardised features."""
        return math.sqrt(len(self.mean) / len(self.widths))

    def __call__(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Standardise, and bring each layer's part of a picture to one length: float32 (N, F)."""
        standard = features.astype(np.float64)  # in place from here on: a copy takes longer than a sum
        standard -= self.mean
        standard /= self.scale
        for part in np.split(standard, np.cumsum(self.widths)[:-1], axis=1):  # views
            lengths = np.sqrt(np.einsum("nf,nf->n", part, part))[:, None]
            part *= self.length / np.maximum(lengths, SHORTEST)
        # float32 takes a fit half the time of float64
        return standard.astype(np.float32)


@dataclass(frozen=True)
class Scaled:
    """A linear map of scaled features."""

    scaling: Scaling
    linear: Linear

    def logits(self, features: NDArray[Any]) -> Float:
        """Float64 (N, K) from features (N, F)."""
        return self.linear.logits(self.scaling(features))


@dataclass(frozen=True)
class Head:
    """A fitted head: its map, the inverse strength `c` and the temperature chosen for it."""

    scaled: Scaled
    c: float
    temperature: float


@dataclass(frozen=True)
class Trial:
    """One strength as the inner folds saw it: log-loss in nats at the best temperature."""

    c: float
    temperature: float
    log_loss: float


def inner_folds(target: Ints, cluster: Sequence[str], folds: int, seed: int) -> list[tuple[Ints, Ints]]:
    """(fit, held-out) row numbers of stratified folds that keep clusters whole.

    The large clusters first, in a drawn order, each to the fold that has the least of what it brings.
    """
    names, group = np.unique(np.asarray(cluster), return_inverse=True)
    brings = np.zeros((len(names), int(target.max()) + 1))
    np.add.at(brings, (group, target), 1)
    drawn = np.random.default_rng(seed).permutation(len(names))
    home, filled = np.zeros(len(names), np.int64), np.zeros((folds, brings.shape[1]))
    for number in np.lexsort((drawn, -brings.sum(axis=1))):
        home[number] = np.lexsort((filled.sum(axis=1), filled @ brings[number]))[0]
        filled[home[number]] += brings[number]
    of_row = home[group]
    return [(np.flatnonzero(of_row != fold), np.flatnonzero(of_row == fold)) for fold in range(folds)]


def fit_linear(features: NDArray[Any], target: Ints, n_classes: int, c: float) -> Linear:
    """Fit logistic regression on standardised features and fold the standardising into the map."""
    scaler = StandardScaler()
    standard = scaler.fit_transform(features.astype(np.float64)).astype(np.float32)
    linear = _fitted(_regression(FITTED), standard, target, n_classes, c)
    weights = linear.weights / scaler.scale_[:, None]
    return Linear(weights, linear.bias - scaler.mean_ @ weights)


def fit(features: NDArray[Any], widths: tuple[int, ...], target: Ints, n_classes: int, c: float) -> Scaled:
    """Fit logistic regression on scaled features; `widths` is how many features each layer has."""
    scaling = scaling_of(features, widths)
    return Scaled(scaling, _fitted(_regression(FITTED), scaling(features), target, n_classes, c))


def scaling_of(features: NDArray[Any], widths: tuple[int, ...]) -> Scaling:
    """Measure mean and scale of features (N, F); `widths` is how many each layer has."""
    scaler = StandardScaler().fit(features.astype(np.float64))
    return Scaling(scaler.mean_, scaler.scale_, widths)


def fit_scaled(scaled: NDArray[np.float32], target: Ints, n_classes: int, c: float) -> Linear:
    """Fit logistic regression on features that are scaled already, as closely as trials are."""
    return _fitted(_regression(TRIED), scaled, target, n_classes, c)


def _regression(tolerance: float) -> LogisticRegression:
    return LogisticRegression(max_iter=2000, warm_start=True, tol=tolerance)


def _fitted(
    model: LogisticRegression, standard: NDArray[np.float32], target: Ints, n_classes: int, c: float
) -> Linear:
    """Fit a model on scaled features, from where it stands if it was fitted before."""
    model.set_params(C=c).fit(standard, target)
    rows, intercept = model.coef_.astype(np.float64), model.intercept_.astype(np.float64)
    if len(model.classes_) == 2:  # scikit-learn gives two classes one row: the logit of the second
        rows, intercept = np.vstack([np.zeros_like(rows), rows]), np.array([0.0, intercept[0]])
    weights, bias = np.zeros((standard.shape[1], n_classes)), np.full(n_classes, UNSEEN)
    weights[:, model.classes_], bias[model.classes_] = rows.T, intercept
    return Linear(weights, bias)


def log_loss(logits: Float, target: Ints, temperature: float = 1.0) -> float:
    """Mean negative log-likelihood in nats."""
    likelihood = log_softmax(logits / temperature, axis=1)[np.arange(len(target)), target]
    return float(-likelihood.mean())


def fit_temperature(logits: Float, target: Ints) -> float:
    """Find the temperature at which the logits (N, K) say their targets best."""
    bounds = tuple(np.log(TEMPERATURES))
    found = minimize_scalar(lambda log_t: log_loss(logits, target, float(np.exp(log_t))), bounds=bounds)
    return float(np.exp(found.x))


def probabilities(logits: Float, temperature: float | Float = 1.0) -> Float:
    """Softmax of logits (N, K) at a temperature, one for all or one per row (N, 1)."""
    return np.asarray(softmax(logits / temperature, axis=1), np.float64)


def choose(
    features: NDArray[Any],
    widths: tuple[int, ...],
    target: Ints,
    folds: Sequence[tuple[Ints, Ints]],
    n_classes: int,
    c_grid: Sequence[float],
) -> tuple[Head, list[Trial]]:
    """Choose C by the inner folds' calibrated log-loss (ties: the smaller), then fit on all rows.

    From the smallest on, each fit starting where the one before ended, up to the first that is worse: the
    large ones take longest and are hardly ever right. Mean and scale are those of all rows that are given,
    held-out ones too: they know no target, and C is all that is chosen so.
    """
    scaling = scaling_of(features, widths)
    scaled = scaling(features)
    models = [_regression(TRIED) for _ in folds]
    trials: list[Trial] = []
    for c in sorted(c_grid):
        logits = np.empty((len(target), n_classes))
        for model, (learn, held_out) in zip(models, folds, strict=True):
            linear = _fitted(model, scaled[learn], target[learn], n_classes, c)
            logits[held_out] = linear.logits(scaled[held_out])
        temperature = fit_temperature(logits, target)
        trials.append(Trial(c, temperature, log_loss(logits, target, temperature)))
        if len(trials) > 1 and trials[-1].log_loss > trials[-2].log_loss:
            break
    best = min(trials, key=lambda trial: (trial.log_loss, trial.c))
    linear = _fitted(_regression(FITTED), scaled, target, n_classes, best.c)
    return Head(Scaled(scaling, linear), best.c, best.temperature), trials
