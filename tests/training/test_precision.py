"""Mixed precision: trained in 16 bits, kept and answered in float32."""

import drawn
import numpy as np
import pandas as pd
import pytest

from wreck_core.inference import convert, copies
from wreck_core.params import Params
from wreck_core.stages import train
from wreck_core.training import features, model_file
from wreck_core.training.runtime import keras

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _policy():
    yield
    keras.mixed_precision.set_dtype_policy("float32")


def flat(model):
    for layer in model.layers:
        yield from flat(layer) if isinstance(layer, keras.Model) else [layer]


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        ("efficientnet_lite0", "mixed_bfloat16"),
        ("mobilenet_v2_tuned", "mixed_bfloat16"),
        ("mobilenet_v2_tuned", "mixed_float16"),
        ("scratch_cnn", "mixed_float16"),
    ],
)
def test_a_mixed_training_leaves_a_model_of_float32(layout, params, tmp_path, name, precision):
    drawn.fill(layout)
    raw = drawn.quick(params).model_dump()
    raw["train"]["precision"] = precision
    train.run(Params.model_validate(raw), layout, name)
    assert keras.mixed_precision.dtype_policy().name == precision
    table = pd.read_parquet(layout.model(name) / "oof.parquet")
    assert np.isfinite(table["p_calibrated"]).all()
    keras.mixed_precision.set_dtype_policy("float32")
    model = model_file.load(layout.model(name) / "model.keras")
    assert {layer.compute_dtype for layer in flat(model)} <= {"float32", "uint8"}
    assert {weight.dtype for weight in model.weights} == {"float32"}
    side_px = model.get_layer("resizing").height
    squares = np.random.default_rng(2).integers(0, 256, (3, side_px, side_px, 3), np.uint8)
    convert.to_litert(model, tmp_path / "m.tflite")
    expected = features.compiled(model)(squares)
    np.testing.assert_allclose(copies.open_litert(tmp_path / "m.tflite")(squares), expected, atol=1e-3)


def test_features_of_another_precision_lie_in_a_store_of_their_own(layout, params):
    drawn.fill(layout)
    quick = drawn.quick(params)
    mixed = quick.model_copy(update={"train": quick.train.model_copy(update={"precision": "mixed_bfloat16"})})
    said = []
    for settings in (quick, mixed):
        train.run(settings, layout, "efficientnet_lite0")
        said.append(pd.read_parquet(layout.model("efficientnet_lite0") / "oof.parquet")["p_raw"].to_numpy())
    assert len(list(layout.features.glob("*.db"))) == 2
    assert np.abs(said[0] - said[1]).max() > 0  # 16 bits were really used
    truth = pd.read_parquet(layout.manifest)["label"] == "damaged"
    assert [((p > 0.5) == truth).mean() > 0.8 for p in said] == [True, True]
