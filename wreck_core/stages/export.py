"""Write a trained model for another runtime, with its card; nothing is kept that answers otherwise."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wreck_core import files
from wreck_core.errors import UsageError
from wreck_core.images import Image
from wreck_core.inference import convert, copies, predictor
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.summary import Summary
from wreck_core.training import golden, model_card, model_file, pictures, runtime

SAVED_MODEL = ("saved_model.pb", "fingerprint.pb", "variables", "assets")  # all that one holds
EXAMPLES = 200  # pictures whose activations scale an int8 model


@dataclass(frozen=True)
class Target:
    """A runtime: how its file is called, opened and described, and how far its p may be off."""

    name: str
    open_: Callable[[Path], golden.Forward]
    image: str
    tolerance: float


ONE, MANY = "one picture, RGB uint8 (1, H, W, 3)", "pictures, RGB uint8 (N, H, W, 3)"
TARGETS = {
    "litert": Target("{}.tflite", copies.open_litert, ONE, 0.001),
    "litert-int8": Target("{}-int8.tflite", copies.open_litert, ONE, 0.3),
    "saved_model": Target("{}-saved_model", copies.open_saved_model, MANY, 0.001),
    "onnx": Target("{}.onnx", copies.open_onnx, MANY, 0.001),
}


def run(params: Params, layout: Layout, backbone: str, to: str, out: Path | None = None) -> Summary:
    """Export one trained backbone, by default into exports/<backbone>/.

    Raises UsageError for an ensemble, a name that is no row, a place that is taken or a missing extra;
    InputError when it is not trained; litert.ConversionError when LiteRT cannot hold or open it; GateError
    when the file does not give the golden answers.
    """
    if backbone not in params.backbones:
        members = params.ensembles.get(backbone)
        what = "a mean of rows" if members else "no backbone of params.yaml"
        raise UsageError(f"{backbone} is {what}", fix=f"use one of {', '.join(members or params.backbones)}")
    folder, target = layout.model(backbone), TARGETS[to]
    card = predictor.read_card(folder)
    path = out or layout.exports / backbone / target.name.format(backbone)
    _refuse_taken(path)
    runtime.start(params.train.threads, params.train.seed)
    model = model_file.load(folder / "model.keras")
    # Beside its place, so that what fails the check never stands there.
    staged = path.with_name(f".{path.name}.tmp")
    staged.parent.mkdir(parents=True, exist_ok=True)
    _delete(staged)
    try:
        _write(model, to, staged, layout, card)
        forward = target.open_(staged)
        difference = golden.check(folder / "golden.json", forward, target.tolerance, where=str(path))
        _delete(path)
        staged.rename(path)
    finally:
        _delete(staged)
    record = files.read_json(folder / "metrics.json")
    page = model_card.write(
        card, record, model_card.Copy(path.name, target.image, difference, len(golden.TILES))
    )
    page_path = path.with_name(f"{path.name}.md")
    files.write_text(page_path, page)
    return Summary(
        f"{backbone} for {to}: {path}, with its card {page_path.name}",
        rows=(("size in MB", round(_size(path) / 1e6, 2)), ("largest difference of p", difference)),
        data={"path": str(path), "card": str(page_path), "difference": difference, "size_bytes": _size(path)},
    )


def _write(model: Any, to: str, path: Path, layout: Layout, card: dict[str, Any]) -> None:
    match to:
        case "saved_model":
            convert.to_saved_model(model, path)
        case "onnx":
            convert.to_onnx(model, path)
        case "litert":
            convert.to_litert(model, path)
        case _:
            convert.to_litert(model, path, _examples(layout, card))


def _examples(layout: Layout, card: dict[str, Any]) -> list[Image]:
    """Pictures that training saw, spread evenly over the manifest."""
    samples = pictures.read_samples(layout, card["classes"]).query("split == 'fold'")
    chosen = samples.iloc[np.unique(np.linspace(0, len(samples) - 1, EXAMPLES).astype(int))]
    return list(pictures.load_squares(layout.root, chosen, card["input"]["width_px"]))


def _refuse_taken(path: Path) -> None:
    inside = {entry.name for entry in path.iterdir()} if path.is_dir() else {SAVED_MODEL[0]}
    if SAVED_MODEL[0] not in inside or inside - set(SAVED_MODEL):  # all that is in it would be replaced
        raise UsageError("is a folder", where=str(path), fix="name the file to write with -o")


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    inside = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in inside if file.is_file())
