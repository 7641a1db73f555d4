"""The model that people use: one .keras file from any picture to calibrated probabilities.

Only layers of Keras itself are in it, so it loads anywhere with `safe_mode` on.
"""

from pathlib import Path
from typing import Any

import numpy as np

from wreck_core import files
from wreck_core.errors import InputError, first_line
from wreck_core.training import graph
from wreck_core.training.runtime import keras


def assemble(network: Any, temperature: float, name: str) -> Any:
    """Wrap a network of logits: uint8 RGB (N, H, W, 3) of any size, 0-255 → probabilities (N, K).

    A picture that already has the network's size passes the resizing unchanged; `predict` brings it
    to that size through the OpenCV door, as training did.
    """
    side_px = network.input_shape[1]
    image = keras.Input((None, None, 3), dtype="uint8", name="image")
    pixels = keras.layers.Resizing(side_px, side_px, antialias=True, name="resizing")(
        keras.ops.cast(image, "float32")
    )
    features, logits = graph.features(network), network.layers[-1]
    # Said aloud: after Resizing, a plain `model(x)` would run the trunk's dropout as in training.
    seen = keras.Model(network.input, features)(pixels, training=False)
    seen = keras.layers.Identity(name=graph.FEATURES, dtype="float32")(seen)
    if features is not logits.input:
        seen = keras.Model(features, logits.input, name="scaling")(seen)
    head = keras.layers.Dense(logits.units, activation="softmax", name="p")
    model = keras.Model(image, head(seen), name=name)
    head.set_weights([array / np.float32(temperature) for array in logits.get_weights()])
    in_float32(model)
    return model


def in_float32(network: Any) -> None:
    """Let every layer compute in float32 from now on, whatever it was trained in; the weights are that.

    So the file answers alike on every machine, and converts for other runtimes.
    """
    network.dtype_policy = "float32"
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            in_float32(layer)
        else:
            layer.dtype_policy = "float32"


def save(model: Any, path: Path) -> None:
    """Write a .keras file at once or not at all; for one process at a time."""
    for stray in path.parent.glob(f".{path.name}.*.keras"):  # of a killed process
        stray.unlink()
    with files.replacing(path) as temp:
        named = temp.with_suffix(".keras")  # Keras insists on the ending
        try:
            model.save(named)
            named.replace(temp)
        finally:
            named.unlink(missing_ok=True)


def load(path: Path) -> Any:
    """Load a trained model. Raises InputError as `read` does."""
    return read(path, fix="run `wreck train` again")


def read(path: Path, fix: str) -> Any:
    """Load a .keras file. Raises InputError when it is none or could run code (a Lambda layer)."""
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # noqa: BLE001 - what a hostile file makes Keras raise is anybody's guess
        reason = first_line(error)
        raise InputError(
            f"is no model that can be loaded safely: {reason}", where=str(path), fix=fix
        ) from None
