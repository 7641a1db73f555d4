import os
import shutil
import subprocess
import sys
from pathlib import Path

import drawn
import numpy as np
import pandas as pd
import pytest

from wreck_core import files
from wreck_core import params as params_module
from wreck_core.errors import GateError, InputError, UsageError
from wreck_core.inference import copies
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import export, train
from wreck_core.training import litert, model_file
from wreck_core.training.runtime import keras

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Params, Layout]:
    """A workspace with one trained backbone."""
    layout = Layout(tmp_path_factory.mktemp("trained"))
    params = drawn.quick(params_module.load(drawn.REPOSITORY / "params.yaml"))
    drawn.fill(layout)
    train.run(params, layout, "efficientnet_lite0")
    return params, layout


@pytest.mark.parametrize("to", ["litert", "saved_model", "onnx"])
def test_an_export_gives_the_golden_answers_and_comes_with_its_card(trained, to):
    params, layout = trained
    if to == "onnx":
        pytest.importorskip("tf2onnx", reason="the extra `onnx` is not installed")
    summary = export.run(params, layout, "efficientnet_lite0", to)
    path, card = layout.root / summary.data["path"], layout.root / summary.data["card"]
    assert path.parent == layout.exports / "efficientnet_lite0"
    assert summary.data["difference"] < 1e-4
    assert summary.data["size_bytes"] > 1e6
    record = files.read_json(layout.model("efficientnet_lite0") / "metrics.json")
    text = card.read_text()
    assert f"whole] | {record['roc_auc']:.3f} [" in text
    assert path.name in text
    assert "{" not in text
    assert {file.name for file in path.parent.iterdir()} >= {path.name, card.name}
    assert not list(path.parent.glob(".*"))


@pytest.mark.slow
def test_int8_agrees_about_most_training_pictures(trained, tmp_path):
    params, layout = trained
    out = tmp_path / "deep" / "small.tflite"
    export.run(params, layout, "efficientnet_lite0", "litert-int8", out)
    samples = pd.read_parquet(layout.manifest)
    oof = pd.read_parquet(layout.model("efficientnet_lite0") / "oof.parquet")
    assert (tmp_path / "deep" / "small.tflite.md").exists()
    small = copies.open_litert(out)
    from wreck_core.training import pictures

    squares = pictures.load_squares(layout.root, samples.assign(box=None), 48)
    agree = (small(squares)[:, 0] >= 0.5) == (oof.set_index("sha256").label[samples.sha256] == 1).to_numpy()
    assert np.mean(agree) > 0.9


@pytest.mark.parametrize(
    "name", ["\x1b[2J.tflite", "two\nlines.tflite", "\u202eetilft.m", os.fsdecode(b"\xff.tflite")]
)
def test_a_name_that_cannot_be_printed_is_refused(tmp_path, name):
    words = ["--workspace", drawn.REPOSITORY, "export", "mobilenet", "--to", "litert", "-o", tmp_path / name]
    done = subprocess.run([sys.executable, "-m", "wreck_core", *words], capture_output=True, check=False)
    assert done.returncode == 2
    said = done.stderr.decode()
    assert "cannot be printed" in said
    assert not {"\x1b", "\u202e"} & set(said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_names_that_would_be_markup_or_formulas_are_only_names(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "=1+1[red]<b>.tflite"
    summary = export.run(*trained, "efficientnet_lite0", "litert", Path(name))
    assert summary.data["path"] == name
    assert f"`{name}`" in Path(f"{name}.md").read_text()
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(OSError, match="too long"):
        export.run(*trained, "efficientnet_lite0", "litert", Path("x" * 250 + ".m"))
    assert len(list(tmp_path.iterdir())) == 2


def test_a_model_that_is_not_its_golden_answers_is_not_kept(trained, tmp_path):
    params, layout = trained
    path = layout.model("efficientnet_lite0") / "golden.json"
    before = path.read_text()
    golden = files.read_json(path)
    for picture in golden["pictures"]:
        picture["p"] = picture["p"][::-1]
    files.write_json(path, golden)
    try:
        with pytest.raises(GateError, match="differs from the trained model"):
            export.run(params, layout, "efficientnet_lite0", "litert", tmp_path / "m.tflite")
    finally:
        path.write_text(before)
    assert list(tmp_path.iterdir()) == []


def test_what_litert_will_not_open_is_one_clear_error_and_leaves_no_file(trained, tmp_path, capfd):
    """A layer of large weights that always adds up to nothing has no scale in int8: XNNPACK refuses it."""
    params, layout = trained
    image = keras.Input((48, 48, 3))
    nothing = keras.layers.Conv2D(3, (1, 2), strides=(1, 2), use_bias=False)
    flat = keras.layers.Flatten()(nothing(keras.layers.UpSampling2D((1, 2))(image)))
    network = keras.Model(image, keras.layers.Dense(2, name="logits")(flat))
    nothing.set_weights([np.array([1e4, -1e4])[None, :, None, None] * np.ones((1, 2, 3, 3))])
    model_file.save(
        model_file.assemble(network, 1.0, "nothing"), layout.model("mobilenet_random") / "model.keras"
    )
    card = layout.model("efficientnet_lite0") / "model.json"
    shutil.copy(card, layout.model("mobilenet_random"))
    with pytest.raises(litert.ConversionError, match="cannot open what was converted") as raised:
        export.run(params, layout, "mobilenet_random", "litert-int8", tmp_path / "m.tflite")
    assert "--to saved_model" in raised.value.fix
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().err == ""


def test_what_cannot_be_exported_is_one_clear_error(trained, tmp_path, monkeypatch):
    params, layout = trained
    with pytest.raises(UsageError, match="mobilnet is no backbone"):
        export.run(params, layout, "mobilnet", "litert")
    with pytest.raises(UsageError, match="mean_of_two is a mean of rows") as raised:
        export.run(params, layout, "mean_of_two", "litert")
    assert "mobilenet_v2, efficientnet_lite0" in raised.value.fix
    with pytest.raises(InputError, match="no trained model"):
        export.run(params, layout, "scratch_cnn", "litert")
    with pytest.raises(UsageError, match="is a folder"):
        export.run(params, layout, "efficientnet_lite0", "litert", tmp_path)
    monkeypatch.setitem(sys.modules, "tf2onnx", None)  # as where the extra is not installed
    with pytest.raises(UsageError, match="not installed") as raised:
        export.run(params, layout, "efficientnet_lite0", "onnx", tmp_path / "m.onnx")
    assert "wreck-detect[onnx]" in raised.value.fix
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_more_than_an_export_is_not_replaced(trained, tmp_path):
    params, layout = trained
    export.run(params, layout, "efficientnet_lite0", "saved_model", tmp_path / "mine")
    export.run(params, layout, "efficientnet_lite0", "saved_model", tmp_path / "mine")
    (tmp_path / "mine" / "notes.txt").write_text("of somebody")
    with pytest.raises(UsageError, match="is a folder"):
        export.run(params, layout, "efficientnet_lite0", "saved_model", tmp_path / "mine")
    assert (tmp_path / "mine" / "notes.txt").read_text() == "of somebody"
