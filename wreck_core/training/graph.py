"""Networks put together and cut apart: preprocessing before a backbone, a head behind, a cut in two."""

from typing import Any

import numpy as np

from wreck_core.training.backbones import Backbone
from wreck_core.training.head import SHORTEST, Linear, Scaling
from wreck_core.training.runtime import keras

FEATURES = "features"  # marks what a head stands on


def with_preprocessing(backbone: Backbone, network: Any) -> Any:
    """Put the preprocessing before a built network: float32 RGB (N, px, px, 3) in 0-255 → (N, F).

    EfficientNet and ConvNeXt bring first layers of their own, and what these do depends on how they were
    built (`weights="imagenet"` adds one), so they are cut off and ours take their place.
    """
    own = [layer for layer in network.layers if isinstance(layer, keras.layers.Normalization)]
    trunk = keras.Model(own[-1].output, network.output, name=network.name) if own else network
    return _behind(backbone, trunk, backbone.name)


def widened(backbone: Backbone, network: Any) -> Any:
    """Put the mean of the layer `also` beside a built network's features: (N, F) → (N, F + G).

    A row without `also` keeps its network.
    """
    if not backbone.also:
        return network
    pool = keras.layers.GlobalAveragePooling2D(name="also")
    features = [network.output, pool(network.get_layer(backbone.also).output)]
    return keras.Model(network.input, keras.layers.Concatenate(name="layers")(features), name=network.name)


def widths(backbone: Backbone, trunk: Any) -> tuple[int, ...]:
    """Count a trunk's features by the layer: first the network's own, then those of `also`."""
    width = int(trunk.output.shape[-1])
    if not backbone.also:
        return (width,)
    earlier = int(trunk.layers[-1].get_layer("also").output.shape[-1])
    return width - earlier, earlier


def split(backbone: Backbone, network: Any) -> tuple[Any, Any]:
    """Cut a built network in two that share its layers: pictures → activations, activations → (N, F).

    The first takes float32 RGB (N, px, px, 3) in 0-255; both in turn say what `with_preprocessing` says.
    """
    activations = _at_cut(backbone, network)
    own = [layer for layer in network.layers if isinstance(layer, keras.layers.Normalization)]
    start = own[-1].output if own else network.input
    lower = _behind(backbone, keras.Model(start, activations), f"{backbone.name}_lower")
    return lower, keras.Model(activations, network.output, name=f"{backbone.name}_top_blocks")


def _at_cut(backbone: Backbone, network: Any) -> Any:
    """Give the tensor that the top blocks start from."""
    name = backbone.cut.removeprefix("before ")
    layer = network.get_layer(name)
    return layer.output if name == backbone.cut else layer.input


def doubled(backbone: Backbone, frozen: Any, tuned: Any) -> Any:
    """Put what tuned top blocks say beside a frozen trunk: float32 RGB in 0-255 → (N, F), then (N, G).

    Both are networks of `add_head` on the same backbone. What lies below the cut is there once.
    """
    network, other = (
        _alone(next(inner for inner in one.layers if isinstance(inner, keras.Model)))
        for one in (frozen, tuned)
    )
    upper, copies = keras.Model(_at_cut(backbone, other), other.output), {}

    def renamed(layer: Any) -> Any:
        copies[layer.name] = type(layer).from_config({**layer.get_config(), "name": f"tuned_{layer.name}"})
        return copies[layer.name]

    # The layers of the copy are called on the frozen network's own tensor, and so become a part of it.
    start = _at_cut(backbone, network)
    keras.models.clone_model(upper, input_tensors=start, clone_function=renamed).set_weights(
        upper.get_weights()
    )
    beside = [network.output, copies[upper.layers[-1].name].output]
    return _behind(
        backbone,
        keras.Model(network.input, keras.layers.Concatenate(name="both")(beside), name=network.name),
        backbone.name,
    )


def _alone(network: Any) -> Any:
    """Copy a network, for layers of its own: `layer.output` is that of a layer's first call, in any graph."""
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    return copy


def uncut(backbone: Backbone, network: Any) -> tuple[Any, Any]:
    """Give what `split` gives, with the cut before everything: the second half is the whole network."""
    whole = with_preprocessing(backbone, network)
    image = keras.Input(whole.input_shape[1:], name="image")
    return keras.Model(image, keras.layers.Identity()(image), name=f"{backbone.name}_lower"), whole


def add_head(trunk: Any, linear: Linear, scaling: Scaling | None = None) -> Any:
    """Put a fitted linear map, of features as they are or scaled, on a trunk; it gives logits (N, K)."""
    dense = keras.layers.Dense(linear.bias.size, name="logits", dtype="float32")
    logits = dense(_scaled(trunk.output, scaling) if scaling else trunk.output)
    dense.set_weights([linear.weights.astype(np.float32), linear.bias.astype(np.float32)])
    return keras.Model(trunk.input, logits, name=trunk.name)


def _scaled(features: Any, scaling: Scaling) -> Any:
    """Do to features (N, F) in a network what a `head.Scaling` does to arrays; any beyond F stay."""
    ends = np.cumsum(scaling.widths).tolist()
    more = features.shape[-1] - ends[-1]
    # Not a Normalization: it takes no scale below 1e-7, and random networks have smaller ones.
    standard = keras.layers.BatchNormalization(
        center=False, epsilon=0.0, trainable=False, name="standard", dtype="float32"
    )
    scaled = standard(keras.layers.Identity(name=FEATURES, dtype="float32")(features))
    slope, mean = np.append(1 / scaling.scale, np.ones(more)), np.append(scaling.mean, np.zeros(more))
    standard.set_weights([slope, mean, np.ones_like(mean)])
    cuts = ends if more else ends[:-1]
    parts = keras.ops.split(scaled, cuts, axis=-1) if cuts else [scaled]
    parts = [_of_length(part, scaling.length) for part in parts[: len(ends)]] + parts[len(ends) :]
    return keras.layers.Concatenate(dtype="float32")(parts) if len(parts) > 1 else parts[0]


def _of_length(part: Any, length: float) -> Any:
    # A heat map asks for slopes: the lengths are taken as they are, so that it adds up to the logits.
    found = keras.ops.stop_gradient(keras.ops.sqrt(keras.ops.sum(part * part, axis=-1, keepdims=True)))
    return part * (length / keras.ops.maximum(found, SHORTEST))


def features(network: Any) -> Any:
    """Give the tensor (N, F) that the head of a network of logits, or of a whole model, stands on."""
    names = {layer.name for layer in network.layers}
    return network.get_layer(FEATURES).input if FEATURES in names else network.layers[-1].input


def freeze(network: Any, kind: Any = keras.layers.Layer) -> None:
    """Freeze every layer of a kind, one by one, also inside of nested networks.

    Calling a network with `training=False` does not do it: under `fit` the statistics of its batch
    norms move all the same (keras-team/keras#20285).
    """
    for layer in network.layers:
        if isinstance(layer, kind):
            layer.trainable = False
        elif isinstance(layer, keras.Model):
            freeze(layer, kind)


def _behind(backbone: Backbone, network: Any, name: str) -> Any:
    image = keras.Input(network.input_shape[1:], name="image")
    return keras.Model(image, network(backbone.preprocessing(image)), name=name)
