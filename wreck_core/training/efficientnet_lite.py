"""EfficientNet-Lite in Keras, and how the published torch tables map onto it.

No squeeze-and-excite, ReLU6, stem and head of fixed width, first and last stage of fixed depth,
TensorFlow's SAME padding, batch-norm epsilon 1e-3, input (x - 127) / 128.

Reference: Tan & Le, "EfficientNet" (ICML 2019); the Lite variants:
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from wreck_core.errors import WeightsError
from wreck_core.training.legacy_pth import Array


@dataclass(frozen=True)
class Variant:
    """How much wider and deeper than lite0."""

    width: float
    depth: float


VARIANTS = {
    "efficientnet_lite0": Variant(1.0, 1.0),
    "efficientnet_lite1": Variant(1.0, 1.1),
    "efficientnet_lite2": Variant(1.1, 1.2),
}


@dataclass(frozen=True)
class Stage:
    """A run of inverted residual blocks; only the first of them strides."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    filters: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
UNUSED = ("_fc.weight", "_fc.bias")  # the 1000-class layer
STEM_FILTERS, HEAD_FILTERS = 32, 1280


def build(name: str, input_px: int) -> Any:
    """Build a keras.Model: float32 (N, input_px, input_px, 3), RGB in [-1, 1] → (N, 1280) pooled features."""
    from wreck_core.training.runtime import keras

    variant = VARIANTS[name]
    image = keras.Input((input_px, input_px, 3), name="image")
    x = _conv(image, STEM_FILTERS, 3, 2, "stem")
    x = keras.layers.ReLU(6.0, name="stem_relu")(x)
    block = 0
    for at, stage in enumerate(STAGES):
        ends = at in (0, len(STAGES) - 1)
        repeats = stage.repeats if ends else math.ceil(stage.repeats * variant.depth)
        for repeat in range(repeats):
            stride = stage.stride if repeat == 0 else 1
            x = _block(x, stage, stride, _round_filters(stage.filters * variant.width), f"block{block}")
            block += 1
    x = _conv(x, HEAD_FILTERS, 1, 1, "head")
    x = keras.layers.ReLU(6.0, name="head_relu")(x)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D(name="avg_pool")(x), name=name)


def _round_filters(filters: float) -> int:
    """Round to a multiple of 8, never down by more than a tenth."""
    rounded = max(8, int(filters + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * filters else rounded + 8


def _conv(x: Any, filters: int, kernel: int, stride: int, name: str) -> Any:
    from wreck_core.training.runtime import keras

    layers = keras.layers

    x = layers.Conv2D(filters, kernel, stride, "same", use_bias=False, name=f"{name}_conv")(x)
    return layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn")(x)


def _block(x: Any, stage: Stage, stride: int, filters: int, name: str) -> Any:
    from wreck_core.training.runtime import keras

    layers = keras.layers

    inputs, channels = x, x.shape[-1]
    if stage.expand != 1:
        x = _conv(x, channels * stage.expand, 1, 1, f"{name}_expand")
        x = layers.ReLU(6.0, name=f"{name}_expand_relu")(x)
    x = layers.DepthwiseConv2D(stage.kernel, stride, "same", use_bias=False, name=f"{name}_dw_conv")(x)
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_dw_bn")(x)
    x = layers.ReLU(6.0, name=f"{name}_dw_relu")(x)
    x = _conv(x, filters, 1, 1, f"{name}_project")
    if stride == 1 and channels == filters:
        x = layers.Add(name=f"{name}_add")([x, inputs])
    return x


def load_state_dict(model: Any, state: dict[str, Array]) -> None:
    """Copy a torch state dict into a model of `build`; the 1000-class layer `_fc` stays behind.

    Raises WeightsError when a tensor is missing, left over, or of another shape.
    """
    left = {name for name in state if name not in UNUSED and not name.endswith("num_batches_tracked")}
    try:
        for layer in model.layers:
            if layer.weights:
                names = _torch_names(layer.name)
                left.difference_update(names)
                arrays = [state[name] for name in names]
                if layer.name.endswith("_dw_conv"):  # torch (C, 1, h, w) → Keras (h, w, C, 1)
                    arrays = [arrays[0].transpose(2, 3, 0, 1)]
                elif layer.name.endswith("_conv"):  # torch (out, in, h, w) → Keras (h, w, in, out)
                    arrays = [arrays[0].transpose(2, 3, 1, 0)]
                layer.set_weights([np.asarray(array) for array in arrays])
    except (KeyError, ValueError) as error:
        raise WeightsError(f"the table of weights does not fit {model.name}: {error}") from None
    if left:
        raise WeightsError(f"the table has {len(left)} tensors that {model.name} lacks: {min(left)}")


def _torch_names(layer: str) -> list[str]:
    """Give the names of a layer's tensors in the torch table, in Keras' order."""
    block, _, part = layer.rpartition("_")
    if block in ("stem", "head"):
        owner = f"_conv_{block}" if part == "conv" else {"stem": "_bn0", "head": "_bn1"}[block]
    else:
        number, _, role = block.removeprefix("block").partition("_")
        owner = {
            "expand_conv": "_expand_conv",
            "expand_bn": "_bn0",
            "dw_conv": "_depthwise_conv",
            "dw_bn": "_bn1",
            "project_conv": "_project_conv",
            "project_bn": "_bn2",
        }[f"{role}_{part}"]
        owner = f"_blocks.{number}.{owner}"
    if part == "conv":
        return [f"{owner}.weight"]
    return [f"{owner}.{name}" for name in ("weight", "bias", "running_mean", "running_var")]
