"""What a head on frozen features, learned from the labels so far, says of all pictures."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wreck_core.training import frozen
from wreck_core.training.features import Features
from wreck_core.training.head import Float, Ints, fit_linear, probabilities
from wreck_core.training.recipe import Task

STRENGTH = 0.001  # inverse; few labels and a thousand features


def look(task: Task) -> Features:
    """Give the features of the task's pictures, float32 (N, F), from the store where it has them."""
    trunk, sha256 = frozen.build_trunk(task)
    return frozen.pooled(task, trunk, sha256)


def opinion(features: NDArray[Any], target: Ints, n_classes: int) -> Float | None:
    """Give probabilities (N, K) from a head fitted on the rows whose `target` (N,) is not -1.

    None when the labels are of one class, or there are none.
    """
    rows = np.flatnonzero(target >= 0)
    if len(np.unique(target[rows])) < 2:
        return None
    return probabilities(fit_linear(features[rows], target[rows], n_classes, STRENGTH).logits(features))
