"""All that changes while a network is fitted: put back to start again, or read to go on after a kill."""

from pathlib import Path
from typing import Any

import numpy as np

from wreck_core import files


class State:
    """The variables of a compiled network and of its optimizer, and the losses of the epochs so far.

    `losses` has one entry an epoch: a number, or as many as are wanted.
    """

    def __init__(self, network: Any) -> None:
        network.optimizer.build(network.trainable_variables)
        self._variables = [*network.variables, *network.optimizer.variables]
        self._first = [np.array(variable) for variable in self._variables]
        self.losses: list[Any] = []

    def reset(self) -> None:
        """Go back to where the network stood at first."""
        self._put(self._first)
        self.losses = []

    def save(self, path: Path) -> None:
        """Write everything to a file, at once or not at all."""
        with files.replacing(path) as temp, temp.open("wb") as handle:
            np.savez(handle, losses=np.array(self.losses), **self._named())

    def load(self, path: Path) -> None:
        """Take everything from a file that `save` wrote. Raises InputError when it is damaged."""
        kept = files.read_arrays(path)
        self.losses = kept["losses"].tolist()
        self._put([kept[name] for name in self._named()])

    def _named(self) -> dict[str, Any]:
        return {f"variable{at:04d}": np.array(variable) for at, variable in enumerate(self._variables)}

    def _put(self, arrays: list[Any]) -> None:
        for variable, array in zip(self._variables, arrays, strict=True):
            variable.assign(array)
