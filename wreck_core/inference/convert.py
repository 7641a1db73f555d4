"""From the .keras file to what other runtimes read.

All of them take `image`, RGB uint8 (N, px, px, 3) in 0-255 of the model's own size, and give `p`
(N, K), the calibrated probabilities, and `features` (N, F), what the head stands on.
"""

import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wreck_core import files
from wreck_core.errors import UsageError, WreckError
from wreck_core.images import Image
from wreck_core.inference.litert import Answer
from wreck_core.training.quiet import stderr_held
from wreck_core.training.runtime import keras, tf

OPSET = 17


class ConversionError(WreckError):
    """The model holds something that the other runtime cannot do."""


def serving(model: Any, batch: int | None) -> Any:
    """Wrap a model of `model_file.assemble` as a tf.Module whose `serve` has the signature above."""
    # The picture comes in the right size, so the resizing is left out: LiteRT has none that is smooth.
    pixels, features = model.get_layer("resizing").output, model.layers[-1].input
    body = keras.Model(pixels, [model.output, features])
    resizing = model.get_layer("resizing")
    image = tf.TensorSpec((batch, resizing.height, resizing.width, 3), tf.uint8, name="image")

    def serve(image: Any) -> dict[str, Any]:
        p, pooled = body(tf.cast(image, tf.float32), training=False)
        return {"p": p, "features": pooled}

    module = tf.Module()
    module.kept = [variable.value for variable in body.variables]  # else they would not be saved
    module.serve = tf.function(serve, input_signature=[image])
    return module


def to_saved_model(model: Any, folder: Path, batch: int | None = None) -> None:
    """Write a TensorFlow SavedModel; any number of pictures at once unless `batch` says how many."""
    module = serving(model, batch)
    with stderr_held():
        tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})


def to_litert(model: Any, path: Path, examples: Sequence[Image] = ()) -> None:
    """Write a .tflite file for one picture at a time; with `examples` as int8, scaled by what they cause.

    `examples` are RGB uint8 (px, px, 3) such as training saw. Raises ConversionError.
    """
    with tempfile.TemporaryDirectory() as temp:
        to_saved_model(model, Path(temp), batch=1)
        converter = tf.lite.TFLiteConverter.from_saved_model(temp)
        if examples:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ({"image": example[None]} for example in examples)
        try:
            with stderr_held(), warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # scaling still uses the old interpreter
                data = converter.convert()
        except Exception as error:  # noqa: BLE001 - the converter's own class is not exported
            raise ConversionError(
                f"LiteRT cannot hold {model.name}: {str(error).strip().splitlines()[0]}",
                fix="use saved_model",
            ) from None
    files.write_bytes(path, data)


def in_keras(model: Any) -> Callable[[Image], Answer]:
    """Answer by TensorFlow itself, with the same signature as `litert.Network`."""
    serve = serving(model, 1).serve

    def answer(square: Image) -> Answer:
        said = serve(square[None])
        return Answer(np.asarray(said["p"])[0], np.asarray(said["features"])[0])

    return answer


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
