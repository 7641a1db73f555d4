"""What can be had without knowing what the positive class looks like: the shortcuts that every board shows.

A backbone that is not measurably better than these has learned how the photos were collected.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from wreck_core.evaluation.metrics import Cases, Matrix, Vector
from wreck_core.images import Image, resize

_FORMATS = ("jpeg", "png", "webp")
_LEVELS = 4  # of each colour channel in the histogram
SIDE_PX = 64


def majority(cases: Cases) -> Vector:
    """Out-of-fold p of a model that knows nothing but the share of positives in its training folds."""
    p = np.empty(len(cases))
    for held_out in _folds(cases):
        p[held_out] = cases.truth[~held_out].mean()
    return p


def logistic(cases: Cases, features: Matrix) -> Vector:
    """Out-of-fold p of a logistic regression on `features` (n, d), over the folds of the board."""
    p = np.empty(len(cases))
    for held_out in _folds(cases):
        training = cases.truth[~held_out]
        if training.all() or not training.any():
            p[held_out] = training.mean()
            continue
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        model.fit(features[~held_out], training)
        p[held_out] = model.predict_proba(features[held_out])[:, 1]
    return p


def _folds(cases: Cases) -> Iterable[NDArray[np.bool_]]:
    return (cases.fold == fold for fold in np.unique(cases.fold))


def metadata_features(facts: pd.DataFrame) -> Matrix:
    """Features (n, 7) of the files alone, from columns bytes, width, height (px) and format."""
    width, height, size = (facts[name].to_numpy(np.float64) for name in ("width", "height", "bytes"))
    numbers = [np.log(width * height), np.log(width / height), np.log(size), size / (width * height)]
    formats = [(facts["format"] == name).to_numpy(np.float64) for name in _FORMATS]
    return np.stack([*numbers, *formats], axis=1)


def colour_features(image: Image) -> Vector:
    """Mean, spread and a coarse joint histogram of RGB: float (70,), blind to where anything is.

    `image` RGB uint8 (H, W, 3).
    """
    pixels = resize(image, SIDE_PX, SIDE_PX).reshape(-1, 3)
    levels = pixels.astype(np.int64) * _LEVELS // 256
    cell = levels @ np.array([_LEVELS**2, _LEVELS, 1])
    histogram = np.bincount(cell, minlength=_LEVELS**3) / len(pixels)
    return np.concatenate([pixels.mean(axis=0), pixels.std(axis=0), histogram])
