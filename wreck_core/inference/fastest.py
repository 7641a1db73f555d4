"""LiteRT or Keras: which answers faster on this machine, measured when a model is first used, and remembered.

On a processor LiteRT is many times faster, and needs no TensorFlow; on an accelerator, which takes batches,
or where LiteRT cannot hold the network, it is Keras. What is remembered is of this machine; deleted, it is
measured anew.
"""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from wreck_core import devices, files
from wreck_core.images import Image
from wreck_core.inference.together import Together
from wreck_core.training import litert

Answer = Callable[[Image], dict[str, Any]]

LITERT, KERAS = "litert", "keras"
BATCH = 32  # pictures that an accelerator is given at once, at the most
TRIES = 5  # after the first; the fastest counts, because the machine may have other work


class Opened(NamedTuple):
    """A model that answers one picture a call, and how many calls at once serve it best."""

    answer: Answer
    at_once: int


class Kept(NamedTuple):
    """Where what is known of a model lies: its converted form, and the measure of both."""

    network: Path
    measure: Path


def places(folder: Path, kept: Path) -> Kept:
    """Name the files below `kept` for the model in `folder` as it is now."""
    with (folder / "model.keras").open("rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    # A card that comes or goes is another measure.
    where = "gpu" if devices.visible(os.environ) else "cpu"
    stem = f"{sha256[:16]}-tf{version('tensorflow')}-{where}"
    return Kept(kept / folder.name / f"{stem}.tflite", kept / folder.name / f"{stem}.json")


def open_model(folder: Path, kept: Path, at_once: int, note: Callable[[str], None]) -> Opened:
    """Open the model in `folder` in its faster runtime; up to `at_once` pictures come at the same time.

    On an accelerator as many as make a batch may come, whatever `at_once` says.
    The first time it is converted and measured, which `note` is told, and also why LiteRT cannot answer.
    """
    place = places(folder, kept)
    if not (place.measure.exists() and (_runtime(place) == KERAS or place.network.exists())):
        note(f"making a fast copy of {folder.name}, once: seconds, or a minute or two if it is large")
        if why_not := _convert(folder, place):
            note(f"Keras answers for {folder.name}: {why_not}")
    if _runtime(place) == LITERT:
        try:
            # Pictures that can come at once share the cores.
            threads = max(1, devices.cores() // at_once)
            return Opened(litert.Network(place.network, at_once, threads), at_once)
        except litert.ConversionError as error:  # damaged since it was measured
            note(f"Keras answers for {folder.name}, and the next time makes a new copy: {error.what}")
            place.network.unlink(missing_ok=True)
    from wreck_core.inference import convert  # they import TensorFlow
    from wreck_core.training import model_file, runtime

    accelerated = runtime.settle_accelerators()
    ask = convert.in_keras(model_file.load(folder / "model.keras"))
    if accelerated:
        return Opened(Together(ask, BATCH), BATCH)
    return Opened(lambda square: {name: said[0] for name, said in ask(square[None]).items()}, at_once)


def _runtime(place: Kept) -> str:
    return str(files.read_json(place.measure)["runtime"])


def _convert(folder: Path, place: Kept) -> str:
    """Convert the model, measure both forms, and forget those of earlier models; say why LiteRT cannot."""
    from wreck_core.inference import convert
    from wreck_core.training import model_file, runtime

    many = BATCH if runtime.settle_accelerators() else 1
    model = model_file.load(folder / "model.keras")
    shape = (many, *model.get_layer("resizing").output.shape[1:])
    squares = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    ways: dict[str, Callable[[Any], Any]] = {KERAS: convert.in_keras(model)}
    why_not = ""
    try:
        convert.to_litert(model, place.network)
        cores = devices.cores()
        at_once = min(many, cores)
        network = litert.Network(place.network, at_once, threads=cores // at_once)
        pool = ThreadPoolExecutor(at_once)
        ways[LITERT] = lambda squares: list(pool.map(network, squares))
    except litert.ConversionError as error:
        why_not = error.what
        place.network.unlink(missing_ok=True)
    ms = {name: _fastest_ms(ask, squares) for name, ask in ways.items()}
    place.network.parent.mkdir(parents=True, exist_ok=True)
    files.write_json(place.measure, {"runtime": min(ms, key=ms.__getitem__), "ms": ms, "why_not": why_not})
    kept = place.network.parent
    for old in {*kept.glob("*.tflite"), *kept.glob("*.json")} - set(place):
        old.unlink(missing_ok=True)  # another first use may do the same
    return why_not


def _fastest_ms(ask: Callable[[Any], Any], squares: Any) -> float:
    """Of one picture, when those of `squares` (N, px, px, 3) come together."""
    ask(squares)  # the first answer makes things ready
    times = []
    for _ in range(TRIES):
        started = perf_counter()
        ask(squares)
        times.append(1000 * (perf_counter() - started) / len(squares))
    return round(min(times), 3)
