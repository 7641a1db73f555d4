"""Where in the picture a model sees what speaks for the positive class, and what speaks against it.

Each place of the last feature map, and of an earlier one that is pooled beside it, counts with its
activations times their gradients. For a network that ends in mean pooling and one linear layer that is
exact: the map adds up to the logits, but for what the layer says of a picture with no activation at all.

Reference: Draelos & Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations" (2020);
Zhou et al., "Learning Deep Features for Discriminative Localization" (CVPR 2016) for the exact case.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wreck_core import images
from wreck_core.errors import InputError
from wreck_core.inference import predictor
from wreck_core.training import model_file
from wreck_core.training.runtime import keras, tf

FOR, AGAINST = np.array([255.0, 40.0, 0.0]), np.array([0.0, 90.0, 255.0])  # RGB
STRONGEST = 0.7  # opacity

Map = NDArray[np.float32]


class Explainer:
    """A trained model, opened at its last feature map."""

    def __init__(self, folder: Path) -> None:
        card = predictor.read_card(folder)
        model = model_file.load(folder / "model.keras")
        self.side_px: int = card["input"]["width_px"]
        head = model.layers[-1]
        trunk = keras.Model(model.get_layer("resizing").output, head.input)
        if not _has_map(trunk):
            raise InputError("has no feature map to show", where=str(folder), fix="leave out --explain")
        self._lower, self._upper = _cut(trunk)
        weights, _ = head.get_weights()
        positive = card["classes"].index(card["positive"])
        self._direction = weights[:, positive] - np.delete(weights, positive, axis=1).mean(axis=1)

    def heat(self, picture: images.Image) -> Map:
        """Contributions float32 (h, w) to the positive class's logit over the mean of the others'.

        `picture` is RGB uint8 (H, W, 3); h, w are those of the feature map. With mean pooling they add
        up to the difference of logits, less what that would be without any activation.
        """
        square = images.resize(picture, self.side_px, self.side_px)[None].astype(np.float32)
        with tf.GradientTape() as tape:
            seen = keras.tree.flatten(self._lower(square, training=False))
            tape.watch(seen)
            score = tf.linalg.matvec(self._upper(seen, training=False), self._direction)
        pairs = zip(tape.gradient(score, seen), seen, strict=True)
        maps = [np.asarray(tf.reduce_sum(slope * at, axis=-1)[0], np.float32) for slope, at in pairs]
        return _sum(maps)


def mean(maps: Sequence[Map]) -> Map:
    """Give the mean of several models' maps of one picture, float32 (h, w) of the finest of them.

    All are shares of calibrated log-odds, so a model that is surer weighs more, and none needs scaling.
    """
    return _sum(maps) / np.float32(len(maps))


def _sum(maps: Sequence[Map]) -> Map:
    finest = max(heat.shape for heat in maps)
    return np.asarray(sum(_spread(heat, finest) for heat in maps), np.float32)


def _spread(heat: Map, shape: tuple[int, ...]) -> Map:
    """Spread a map over a finer one of the same picture, each value over the places that its own covers."""
    for axis, fine in enumerate(shape):
        coarse = heat.shape[axis]
        ends, places = np.arange(1, fine + 1) / fine, np.arange(1, coarse + 1) / coarse
        upper = np.minimum(ends[:, None], places)
        lower = np.maximum(ends[:, None] - 1 / fine, places - 1 / coarse)
        covered = np.maximum(upper - lower, 0) * coarse
        heat = np.moveaxis(np.tensordot(covered, heat, (1, axis)), 0, axis)
    return heat.astype(np.float32)


def _has_map(operation: Any) -> bool:
    """Say whether a feature map (N, h, w, c) comes out of the operation, or of one inside it."""
    if isinstance(operation, keras.Model):
        return any(map(_has_map, _inside(operation)))
    return any(len(tensor.shape) == 4 for tensor in keras.tree.flatten(operation.output))


def _cut(model: Any) -> tuple[Any, Any]:
    """Cut a model after its last feature maps into two, also where these lie in a model inside.

    Between the two go the maps after which there is no other: the last one, those that are pooled beside
    it, and those of tuned top blocks beside frozen ones. A model that holds another one must be a chain, as
    those of `model_file` and `backbones` are.
    """
    inside = _inside(model)
    at, last = [found for found in enumerate(inside) if _has_map(found[1])][-1]
    if isinstance(model, keras.Sequential):
        start = keras.Input(model.input_shape[1:])
        seen = _chain(start, inside[: at + 1])
        again = keras.Input(seen.shape[1:])
        return keras.Model(start, seen), keras.Model([again], _chain(again, inside[at + 1 :]))
    if not isinstance(last, keras.Model):
        maps = _last_maps(inside)
        return keras.Model(model.input, maps), keras.Model(maps, model.output)
    lower, upper = _cut(last)
    start = _chain(model.input, inside[:at])
    return (
        keras.Model(model.input, lower(start)),
        keras.Model(upper.input, _chain(upper.output, inside[at + 1 :])),
    )


def _last_maps(operations: Sequence[Any]) -> list[Any]:
    """Find the feature maps of a graph that something takes which leads to no map any more."""
    maps: dict[int, Any] = {}
    leads_to_map: set[int] = set()  # ids of tensors
    for operation in reversed(operations):
        said, given = (keras.tree.flatten(tensors) for tensors in (operation.output, operation.input))
        if any(len(tensor.shape) == 4 or id(tensor) in leads_to_map for tensor in said):
            leads_to_map.update(map(id, given))
        else:
            maps |= {id(tensor): tensor for tensor in given if len(tensor.shape) == 4}
    return list(maps.values())


def _inside(model: Any) -> list[Any]:
    """Give what a model does, in order, without its input."""
    return list(model.layers if isinstance(model, keras.Sequential) else model.operations[1:])


def _chain(tensor: Any, operations: Sequence[Any]) -> Any:
    for operation in operations:
        tensor = operation(tensor)
    return tensor


def overlay(picture: images.Image, heat: Map) -> images.Image:
    """Lay the map over the picture, RGB uint8 (H, W, 3): red speaks for the positive class, blue against."""
    height, width = picture.shape[:2]
    strength = heat / np.maximum(np.abs(heat).max(), np.finfo(np.float32).tiny)
    grey = images.resize(np.asarray(127.5 + 127.5 * strength, np.uint8), width, height)
    signed = (grey.astype(np.float64) - 127) / 128
    opacity = STRONGEST * np.abs(signed)[..., None]
    colour = np.where(signed[..., None] > 0, FOR, AGAINST)
    return np.asarray(picture * (1 - opacity) + colour * opacity, np.uint8)
