"""What the pixels of a picture become before a backbone sees them: the modes of the published weights."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preprocessing:
    """What a backbone was trained on: each channel of RGB 0-255 times `scale` plus `offset`, maybe as BGR."""

    scale: tuple[float, float, float]
    offset: tuple[float, float, float]
    bgr: bool = False

    def __call__(self, x: Any) -> Any:
        """Apply to a Keras tensor (N, H, W, 3) of float32 RGB in 0-255; the input is not changed."""
        from wreck_core.training.runtime import keras

        if self.bgr:
            x = keras.ops.flip(x, axis=-1)
        return keras.layers.Rescaling(list(self.scale), list(self.offset), name="preprocessing")(x)


def _grey(scale: float, offset: float) -> Preprocessing:
    return Preprocessing((scale,) * 3, (offset,) * 3)


MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, RGB, in 0-1
TF = _grey(1 / 127.5, -1.0)
LITE = _grey(1 / 128, -127 / 128)
UNIT = _grey(1 / 255, 0.0)
NONE = _grey(1.0, 0.0)  # the network does it itself
TORCH = Preprocessing(
    (1 / (255 * STD[0]), 1 / (255 * STD[1]), 1 / (255 * STD[2])),
    (-MEAN[0] / STD[0], -MEAN[1] / STD[1], -MEAN[2] / STD[2]),
)
CAFFE = Preprocessing((1.0, 1.0, 1.0), (-103.939, -116.779, -123.68), bgr=True)
