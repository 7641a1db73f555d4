"""The door to TensorFlow and Keras: imported quietly, with threads and seeds fixed; and what a run took."""

import importlib.metadata
import platform
import resource
import sys

from threadpoolctl import threadpool_limits

from wreck_core.training.quiet import stderr_held

with stderr_held():  # TensorFlow greets on standard error before its log level is heard
    import keras
    import tensorflow as tf

__all__ = ["keras", "peak_rss_mb", "settle_accelerators", "start", "tf", "versions"]

MIB = 1024 * 1024


def start(threads: int, seed: int, precision: str = "float32") -> None:
    """Fix the threads, the seeds, the order of sums and the `precision`, before the first operation.

    With a mixed precision layers compute in 16 bits and keep their weights in float32.

    Results depend on the number of threads, of TensorFlow and of the linear algebra under numpy,
    so neither is left to the machine or to variables such as OMP_NUM_THREADS. The matrices of a
    head are small: there a second thread only waits (ten times slower on a busy machine).
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    settle_accelerators()
    tf.config.experimental.enable_op_determinism()
    threadpool_limits(1)
    keras.utils.set_random_seed(seed)
    keras.mixed_precision.set_dtype_policy(precision)


def settle_accelerators() -> bool:
    """Have TensorFlow take of each GPU's memory no more than it needs; say whether there is a GPU.

    To be called before the first operation, which fixes the memory.
    """
    found = tf.config.list_physical_devices("GPU")
    for device in found:
        tf.config.experimental.set_memory_growth(device, True)
    return bool(found)


def peak_rss_mb() -> float:
    """Largest resident memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux, bytes on macOS
    return float(peak / MIB if sys.platform == "darwin" else peak * 1024 / MIB)


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    names = ("tensorflow", "keras", "scikit-learn", "numpy", "opencv-python")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}
