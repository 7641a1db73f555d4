"""The door to LiteRT: a converted model, answering without TensorFlow.

One picture at a time and one thread a picture, which on CPUs beats larger batches, and makes an
answer independent of its company. Several pictures at once take one interpreter each.
"""

from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wreck_core.images import Image
from wreck_core.training.quiet import stderr_held

with stderr_held():
    from ai_edge_litert.interpreter import Interpreter


class Answer(NamedTuple):
    """What a model says of one picture: probabilities float32 (K,) and pooled features float32 (F,)."""

    p: NDArray[np.float32]
    features: NDArray[np.float32]


class Network:
    """A .tflite file of `convert`; may be called from as many threads as wished, `at_once` really run."""

    def __init__(self, path: Path, at_once: int = 1) -> None:
        self._free: SimpleQueue[Any] = SimpleQueue()
        with stderr_held():
            for _ in range(at_once):
                interpreter = Interpreter(str(path), num_threads=1)
                interpreter.allocate_tensors()
                self._free.put(interpreter.get_signature_runner())

    def __call__(self, square: Image) -> Answer:
        """Answer RGB uint8 (px, px, 3) of the model's own size."""
        runner = self._free.get()
        try:
            said = runner(image=square[None])
        finally:
            self._free.put(runner)
        return Answer(said["p"][0], said["features"][0])
