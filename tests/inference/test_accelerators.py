"""What a machine with a GPU does otherwise. There is none here: TensorFlow is made to tell of one."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from wreck_core import devices, files
from wreck_core.inference import convert, fastest
from wreck_core.inference.predictor import Picture, Predictor
from wreck_core.training import backbones, graph, head, model_file, runtime

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIDE_PX = 32


@pytest.fixture
def grown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Let TensorFlow tell of two GPUs; collect what it is asked for their memory."""
    asked: list[tuple[str, bool]] = []
    tf = runtime.tf
    monkeypatch.setattr(
        tf.config, "list_physical_devices", lambda kind=None: ["gpu0", "gpu1"] if kind == "GPU" else []
    )
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda device, on: asked.append((device, on))
    )
    return asked


def save_model(folder: Path) -> None:
    row = backbones.find("scratch_cnn")
    trunk = graph.with_preprocessing(row, row.build(SIDE_PX))
    drawn = np.random.default_rng(0).normal(0, 0.1, (trunk.output_shape[1], 2))
    model = model_file.assemble(graph.add_head(trunk, head.Linear(drawn, np.zeros(2))), 1.0, "small")
    model_file.save(model, folder / "model.keras")
    card = {"classes": ["damaged", "undamaged"], "positive": "damaged", "threshold": 0.5}
    files.write_json(folder / "model.json", card | {"input": {"width_px": SIDE_PX}})


def test_every_gpu_gives_its_memory_as_it_is_needed(grown: list[tuple[str, bool]]) -> None:
    assert runtime.settle_accelerators()
    assert grown == [("gpu0", True), ("gpu1", True)]


def test_without_a_gpu_nothing_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime.tf.config, "list_physical_devices", lambda kind=None: [])
    assert not runtime.settle_accelerators()


def test_the_measure_there_is_of_batches_and_is_not_taken_for_that_of_a_machine_without(
    grown: list[tuple[str, bool]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_model(tmp_path / "small")
    monkeypatch.setenv(devices.VARIABLE, "")
    without = fastest.places(tmp_path / "small", tmp_path / "kept")
    monkeypatch.setenv(devices.VARIABLE, "0,1")
    fastest.open_model(tmp_path / "small", tmp_path / "kept", 1, lambda note: None)
    place = fastest.places(tmp_path / "small", tmp_path / "kept")
    assert set(files.read_json(place.measure)["ms"]) == {fastest.LITERT, fastest.KERAS}
    assert not without.measure.exists()
    assert grown


@pytest.mark.usefixtures("grown")
def test_pictures_of_many_threads_go_into_keras_in_batches_and_each_row_is_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    save_model(folder)
    place = fastest.places(folder, tmp_path / "kept")
    files.write_json(place.measure, {"runtime": fastest.KERAS, "ms": {}, "why_not": ""})
    predictor = Predictor("small", [folder], tmp_path / "kept")
    assert predictor.at_once == fastest.BATCH
    rng = np.random.default_rng(4)
    squares = rng.integers(0, 256, (3 * fastest.BATCH, SIDE_PX, SIDE_PX, 3)).astype(np.uint8)
    named = [Picture(str(at), "ab", square) for at, square in enumerate(squares)]
    with ThreadPoolExecutor(2 * fastest.BATCH) as threads:
        rows = list(threads.map(predictor.classify, named))
    assert [row["path"] for row in rows] == [picture.name for picture in named]
    expected = convert.in_keras(model_file.load(folder / "model.keras"))(squares)["p"][:, 0]
    np.testing.assert_allclose([row["p_damaged"] for row in rows], expected, atol=1e-5)
    assert np.ptp(expected) > 1e-3  # a mix-up would be seen
