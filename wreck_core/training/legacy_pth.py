"""Read a legacy (before 1.6) torch .pth state dict with numpy alone, without running anything in it.

A pickle can name any function of any module and have it called. This reader knows the four names
that a state dict of numbers needs and refuses every other.
"""

import math
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from wreck_core.errors import WeightsError

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
DTYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

Array = NDArray[Any]


@dataclass(frozen=True)
class _Storage:
    """A flat run of numbers that tensors look into; its numbers follow the pickles in the file."""

    dtype: np.dtype[Any]
    size: int


@dataclass(frozen=True)
class _Tensor:
    """A strided window on the storage `key`."""

    key: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def read(self, flat: Array) -> Array:
        """Copy the window out of `flat`, the numbers of the storage."""
        last = self.offset + sum(
            (side - 1) * stride for side, stride in zip(self.shape, self.strides, strict=True)
        )
        too_big = last >= flat.size or math.prod(self.shape) > flat.size
        if too_big or min(self.offset, *self.shape, *self.strides, 0) < 0:
            raise ValueError("a tensor lies outside its storage")
        steps = [stride * flat.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, steps).copy()


class _StateDictUnpickler(pickle.Unpickler):
    """Unpickles numbers and names; knows no other global than the four of a state dict."""

    def __init__(self, handle: BinaryIO) -> None:
        super().__init__(handle)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            # Made anew each time: a pickle may change the attributes of what it is given.
            return lambda key, offset, shape, strides, *_: _Tensor(key, offset, tuple(shape), tuple(strides))
        if module == "torch" and name in DTYPES:
            return name
        raise pickle.UnpicklingError(f"it names {module}.{name}, which no table of weights needs")

    def persistent_load(self, pid: Any) -> str:
        kind, storage, key, _device, size, view = pid
        if kind != "storage" or view is not None:
            raise pickle.UnpicklingError("it holds something that is no plain storage")
        self.storages.setdefault(key, _Storage(DTYPES[storage], size))
        return str(key)


def read_state_dict(path: Path) -> dict[str, Array]:
    """Read tensor name → array (float32 or int64, torch's own axis order).

    Raises WeightsError when the file is no legacy state dict, is cut off, or names anything that
    could run code. Nothing in it is executed.
    """
    try:
        return _read(BytesIO(path.read_bytes()))
    except Exception as error:  # noqa: BLE001 - a broken pickle can raise anything
        raise WeightsError(
            f"is no table of weights: {error}", where=str(path), fix="install its package again"
        ) from None


def _read(handle: BytesIO) -> dict[str, Array]:
    load: Callable[[], Any] = lambda: _StateDictUnpickler(handle).load()  # noqa: E731 - a one-word name for it
    if load() != MAGIC or load() != PROTOCOL:
        raise ValueError("not a legacy .pth file")
    if not load()["little_endian"]:
        raise ValueError("big-endian numbers")
    unpickler = _StateDictUnpickler(handle)
    tensors: dict[str, _Tensor] = unpickler.load()
    numbers: dict[str, Array] = {}
    for key in load():
        storage = unpickler.storages[key]
        (size,) = struct.unpack("<q", handle.read(8))
        if size != storage.size:
            raise ValueError(f"storage {key} has {size} numbers where {storage.size} were announced")
        numbers[key] = np.frombuffer(handle.read(size * storage.dtype.itemsize), storage.dtype, count=size)
    return {name: tensor.read(numbers[tensor.key]) for name, tensor in tensors.items()}
