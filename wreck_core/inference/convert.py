"""From the .keras file to what other runtimes read.

All of them take `image`, RGB uint8 (N, px, px, 3) in 0-255 of the model's own size, and give `p`
(N, K), the calibrated probabilities, and `features` (N, F), what the head stands on.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wreck_core import files
from wreck_core.errors import UsageError
from wreck_core.images import Image
from wreck_core.training import graph, litert
from wreck_core.training.quiet import stderr_held
from wreck_core.training.runtime import keras, tf

OPSET = 17
OUTPUTS = ("p", "features")


def serving(model: Any, batch: int | None) -> Any:
    """Wrap a model of `model_file.assemble` as a tf.Module whose `serve` has the signature above."""
    # The picture comes in the right size, so the resizing is left out: LiteRT has none that is smooth.
    pixels, features = model.get_layer("resizing").output, graph.features(model)
    return litert.module(keras.Model(pixels, [model.output, features]), OUTPUTS, batch)


def to_saved_model(model: Any, folder: Path, batch: int | None = None) -> None:
    """Write a TensorFlow SavedModel; any number of pictures at once unless `batch` says how many."""
    module = serving(model, batch)
    with stderr_held():
        tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})


def to_litert(model: Any, path: Path, examples: Sequence[Image] = ()) -> None:
    """Write a .tflite file for one picture at a time; with `examples` as int8, scaled by what they cause.

    `examples` are RGB uint8 (px, px, 3) such as training saw. Raises litert.ConversionError.
    """
    litert.write(serving(model, 1), model.name, path, examples)


def in_keras(model: Any) -> Callable[[NDArray[np.uint8]], dict[str, NDArray[np.float32]]]:
    """Answer by TensorFlow itself: RGB uint8 (N, px, px, 3) of the model's own size, any N."""
    serve = serving(model, None).serve
    return lambda squares: {name: np.asarray(values) for name, values in serve(squares).items()}


def to_onnx(model: Any, path: Path) -> None:
    """Write an ONNX file. Raises UsageError when the extra `onnx` is not installed."""
    try:
        import tf2onnx
    except ImportError:
        raise UsageError(
            "ONNX needs packages that are not installed", fix="pip install 'wreck-detect[onnx]'"
        ) from None
    module = serving(model, None)
    with stderr_held():
        proto, _ = tf2onnx.convert.from_function(
            module.serve, input_signature=module.serve.input_signature, opset=OPSET
        )
    files.write_bytes(path, proto.SerializeToString())
