"""A label store with tasks whose pictures lie on disk."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from wreck_core import images, params
from wreck_core.labeling.session import LabelSession, Picture
from wreck_core.labeling.store import Store

SETTINGS = params.load(Path(__file__).parents[2] / "params.yaml").labels


def picture_bytes(number: int) -> bytes:
    shade = np.random.default_rng(number).integers(0, 255, (6, 9, 3), np.uint8)
    return images.encode(images.resize(shade, 640, 420), "jpg")


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, Path]:
    """Twelve pictures by sha256."""
    found = {}
    for number in range(12):
        data = picture_bytes(number)
        sha256 = hashlib.sha256(data).hexdigest()
        found[sha256] = tmp_path / "images" / f"{sha256}.jpg"
        found[sha256].parent.mkdir(exist_ok=True)
        found[sha256].write_bytes(data)
    return found


@pytest.fixture
def store(tmp_path: Path, pictures: dict[str, Path]) -> Iterator[Store]:
    """A store in which all twelve wait, in the order of `pictures`."""
    with Store(tmp_path / "labels.db") as store:
        store.enqueue([(sha256, -float(at)) for at, sha256 in enumerate(pictures)], "primary", "fifo")
        yield store


@pytest.fixture
def begin(store: Store, pictures: dict[str, Path]) -> Callable[..., LabelSession]:
    """Begin a session on the store."""
    shown = {sha256: Picture(path, {"host": "photos.example"}) for sha256, path in pictures.items()}
    return lambda annotator="ann": LabelSession(store, shown, annotator, "primary", SETTINGS)
