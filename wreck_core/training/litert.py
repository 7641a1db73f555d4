"""The door to LiteRT: networks converted, and answering without TensorFlow.

One picture at a time, which on CPUs beats larger batches, and makes an answer independent of its
company. Several pictures at once take one interpreter each, which leaves a thread to each picture.
"""

import tempfile
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wreck_core import files
from wreck_core.errors import StorageError, WreckError, first_line
from wreck_core.images import Image
from wreck_core.training.quiet import stderr_held

with stderr_held():
    from ai_edge_litert.interpreter import Interpreter


WITHOUT = "export --to saved_model; to train, take `runtime: litert` from the row"


class ConversionError(WreckError):
    """The network holds something that LiteRT cannot do."""


class Network:
    """A .tflite file of `write`; may be called from as many threads as wished, `at_once` really run.

    Each picture is worked on by `threads` threads. No answer depends on either. Raises ConversionError for
    a damaged file, and where LiteRT refuses what its own converter wrote.
    """

    def __init__(self, path: Path, at_once: int = 1, threads: int = 1) -> None:
        self._free: SimpleQueue[Any] = SimpleQueue()
        with stderr_held():  # C++ says there what the error says too
            try:
                for _ in range(at_once):
                    interpreter = Interpreter(str(path), num_threads=threads)
                    interpreter.allocate_tensors()
                    self._free.put(interpreter.get_signature_runner())
                return
            except (RuntimeError, ValueError) as error:
                reason = first_line(error)
        raise ConversionError(
            f"LiteRT cannot open what was converted: {reason}",
            where=str(path),
            fix=f"delete it if it is damaged; else {WITHOUT}",
        )

    def __call__(self, square: Image) -> dict[str, NDArray[np.float32]]:
        """Answer RGB uint8 (px, px, 3) of the network's own size, each output by its name."""
        runner = self._free.get()
        try:
            said = runner(image=square[None])
        finally:
            self._free.put(runner)
        return {name: values[0] for name, values in said.items()}


def module(model: Any, names: Sequence[str], batch: int | None) -> Any:
    """Wrap a network of float32 pictures as a tf.Module; its `serve` takes `image`, RGB uint8 in 0-255.

    `names` are those of the model's outputs; `batch` is the number of pictures, None for any.
    """
    from wreck_core.training.runtime import tf

    image = tf.TensorSpec((batch, *model.input_shape[1:]), tf.uint8, name="image")

    def serve(image: Any) -> dict[str, Any]:
        said = model(tf.cast(image, tf.float32), training=False)
        return dict(zip(names, said if len(names) > 1 else [said], strict=True))

    wrapped = tf.Module()
    wrapped.kept = [variable.value for variable in model.variables]  # else they would not be saved
    wrapped.serve = tf.function(serve, input_signature=[image])
    return wrapped


def write(wrapped: Any, name: str, path: Path, examples: Sequence[Image] = ()) -> None:
    """Write a `module` of one picture as a .tflite file; with `examples` as int8, scaled by what they cause.

    `examples` are RGB uint8 (px, px, 3) such as training saw. Raises ConversionError naming `name`.
    """
    from wreck_core.training.runtime import tf

    with tempfile.TemporaryDirectory() as temp:
        try:
            with stderr_held():
                tf.saved_model.save(wrapped, temp, signatures={"serving_default": wrapped.serve})
        except (OSError, tf.errors.OpError) as error:
            raise StorageError(
                f"could not be written: {first_line(error)}",
                where=temp,
                fix="free some space, or name another folder in TMPDIR",
            ) from error
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
                f"LiteRT cannot hold {name}: {first_line(error)}",
                fix=WITHOUT,
            ) from None
    files.write_bytes(path, data)


class Trunk:
    """A backbone's features by LiteRT: uint8 RGB (N, px, px, 3) in 0-255 → float32 (N, F).

    Its converted form is kept at `path` for the next time. No answer depends on `threads`.
    """

    def __init__(self, model: Any, path: Path, threads: int) -> None:
        if not path.exists():
            write(module(model, ["features"], 1), model.name, path)
        self._network = Network(path, threads)
        self._pool = ThreadPoolExecutor(threads)

    def __call__(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Answer a batch."""
        return np.stack([said["features"] for said in self._pool.map(self._network, squares)])
