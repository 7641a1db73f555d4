"""Open what `convert` wrote in the runtime that it is for, to see whether it still says the same."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wreck_core.training import litert
from wreck_core.training.golden import Forward
from wreck_core.training.quiet import stderr_held
from wreck_core.training.runtime import tf


def open_litert(path: Path) -> Forward:
    """Answer by LiteRT: uint8 (N, px, px, 3) → p float32 (N, K). Raises litert.ConversionError."""
    network = litert.Network(path)
    return lambda squares: np.stack([network(square)["p"] for square in squares])


def open_saved_model(folder: Path) -> Forward:
    """Answer by TensorFlow from a SavedModel."""
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    return lambda squares: np.asarray(serve(image=tf.constant(squares))["p"])


def open_onnx(path: Path) -> Forward:
    """Answer by ONNX Runtime, which `convert.to_onnx` has already asked for."""
    import onnxruntime

    with stderr_held():
        session: Any = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def answer(squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(session.run(["p"], {"image": squares})[0])

    return answer
