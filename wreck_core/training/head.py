"""The head on frozen features: standardised logistic regression, its strength and its temperature.

Everything is chosen inside the rows that are given, by grouped inner folds, and folded into one
linear layer at the end.

Reference: Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), for the temperature.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

Float = NDArray[np.float64]
Ints = NDArray[np.int64]

TEMPERATURES = (0.05, 20.0)  # the search stays between
UNSEEN = -30.0  # logit of a class that the rows do not hold


@dataclass(frozen=True)
class Linear:
    """Logits = features @ weights (F, K) + bias (K,), one column per class."""

    weights: Float
    bias: Float

    def logits(self, features: NDArray[Any]) -> Float:
        """Float64 (N, K) from features (N, F)."""
        return np.asarray(features.astype(np.float64) @ self.weights + self.bias, np.float64)


@dataclass(frozen=True)
class Head:
    """A fitted head: its linear map, the inverse strength `c` and the temperature chosen for it."""

    linear: Linear
    c: float
    temperature: float


@dataclass(frozen=True)
class Trial:
    """One strength as the inner folds saw it: log-loss in nats at the best temperature."""

    c: float
    temperature: float
    log_loss: float


def inner_folds(target: Ints, cluster: Sequence[str], folds: int, seed: int) -> list[tuple[Ints, Ints]]:
    """(fit, held-out) row numbers of stratified folds that keep clusters whole."""
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros((len(target), 1)), target, np.asarray(cluster)))


def fit_linear(features: NDArray[Any], target: Ints, n_classes: int, c: float) -> Linear:
    """Fit logistic regression on standardised features and fold the standardising into the map."""
    scaler = StandardScaler().fit(features.astype(np.float64))
    model = LogisticRegression(C=c, max_iter=2000).fit(scaler.transform(features), target)
    rows, intercept = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn gives two classes one row: the logit of the second
        rows, intercept = np.vstack([np.zeros_like(rows), rows]), np.array([0.0, intercept[0]])
    weights, bias = np.zeros((features.shape[1], n_classes)), np.full(n_classes, UNSEEN)
    weights[:, model.classes_] = (rows / scaler.scale_).T
    bias[model.classes_] = intercept - rows @ (scaler.mean_ / scaler.scale_)
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
    target: Ints,
    folds: Sequence[tuple[Ints, Ints]],
    n_classes: int,
    c_grid: Sequence[float],
) -> tuple[Head, list[Trial]]:
    """Choose C by the inner folds' calibrated log-loss (ties: the smaller), then fit on all rows."""
    trials = []
    for c in sorted(c_grid):
        logits = np.empty((len(target), n_classes))
        for fit, held_out in folds:
            logits[held_out] = fit_linear(features[fit], target[fit], n_classes, c).logits(features[held_out])
        temperature = fit_temperature(logits, target)
        trials.append(Trial(c, temperature, log_loss(logits, target, temperature)))
    best = min(trials, key=lambda trial: (trial.log_loss, trial.c))
    return Head(fit_linear(features, target, n_classes, best.c), best.c, best.temperature), trials
