"""A backbone of the user's own: a .keras file, opened with Keras' safe mode on, so that it runs no code."""

from functools import partial
from pathlib import Path
from typing import Any

from wreck_core.errors import InputError, WeightsError
from wreck_core.params import BackboneRow
from wreck_core.training.backbones import Backbone, OwnFile
from wreck_core.training.preprocessing import CAFFE, LITE, NONE, TF, TORCH, UNIT

SUFFIX = ".keras"
MODES = {"tf": TF, "torch": TORCH, "caffe": CAFFE, "lite": LITE, "unit": UNIT, "none": NONE}


def backbone(row: BackboneRow, root: Path) -> Backbone:
    """Describe the backbone of a row whose `weights` are a .keras file; a relative path starts at `root`.

    The file is read when it is built, which raises WeightsError for one that is none, that holds code, or
    that does not turn pictures of `input_px` into one vector (or map) of features each.
    """
    path = root / Path(row.weights).expanduser()
    return Backbone(
        # Part of the name of its features in the store: the same file sees other pixels in another mode.
        name=f"own_file_{row.preprocessing}",
        native_px=row.input_px or 0,  # params.py sees to it that there is one
        preprocessing=MODES[row.preprocessing or "none"],
        build=partial(_build, path),
        imagenet=OwnFile(path),
        cut="",
        citation=f"The user's own file {path.name}",
    )


def _build(path: Path, input_px: int) -> Any:
    """Give the network of a file: preprocessed (N, px, px, 3) → features (N, F), of maps the mean."""
    from wreck_core.training import model_file
    from wreck_core.training.runtime import keras

    try:
        own = model_file.read(
            path, fix="save it by Keras 3 with layers of Keras alone: no Lambda, no other class"
        )
    except InputError as error:
        raise WeightsError(error.what, where=error.where, fix=error.fix) from None
    image = keras.Input((input_px, input_px, 3))
    try:
        features = own(image)
        if len(features.shape) == 4:
            features = keras.layers.GlobalAveragePooling2D()(features)
        fits = own.input_shape[-1] == 3 and len(features.shape) == 2 and features.shape[1] is not None
    except (
        ValueError,
        TypeError,
        AttributeError,
    ):  # Keras' words for a wrong shape, or several in- or outputs
        fits = False
    if not fits:
        raise WeightsError(
            f"does not turn an RGB picture of {input_px} px into one vector of features",
            where=str(path),
            fix="save the network without its classifier, and say its `input_px`",
        )
    return keras.Model(image, features)
