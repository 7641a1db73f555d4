"""Pictures per second from file to answer: `wreck predict` beside `keras predict` and a compiled tf.function.

    python -m benchmarks.predict [--backbone efficientnet_lite0] [--pictures 200] [--json]
    python -m benchmarks.predict --photos DIR      # besides, with ImageNet weights: what int8 costs

All three read the same files through the same decoder, in one run, taking turns. One at a time every model is
open already, ours as the command opens it for one picture; of a folder ours is the command's whole stage,
which opens it anew each round. DIR holds one folder of photos for each of two classes; heads are fitted on
four fifths of them and judged on the other fifth.
"""

import argparse
import hashlib
import statistics
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from benchmarks import machine
from wreck_core import files, images, params
from wreck_core.inference import convert, predictor
from wreck_core.layout import Layout
from wreck_core.sample.draw import draw_car
from wreck_core.stages import predict, sources
from wreck_core.training import backbones, features, graph, head, litert, model_file, runtime, weights

ROUNDS = 3
SINGLY = 40  # pictures of a round at batch 1
BATCH = 32
EXAMPLES = 200  # that scale int8
STRENGTH = 0.01  # inverse, of the heads there
CLASSES = ["damaged", "undamaged"]
FOUND = tuple[str, Callable[[list[Path]], Any]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backbone", default="efficientnet_lite0", choices=sorted(backbones.TABLE))
    parser.add_argument("--pictures", type=int, default=200, help="drawn ones, when there are no photos")
    parser.add_argument(
        "--photos", type=Path, help="a folder with one folder of photos for each of two classes"
    )
    parser.add_argument("--json", action="store_true")
    words = parser.parse_args()
    settings = params.load(Path("params.yaml"))
    runtime.start(settings.train.threads, settings.train.seed)
    with tempfile.TemporaryDirectory() as temp:
        layout = Layout(Path(temp))
        paths = (
            sorted(words.photos.rglob("*.jpg"))
            if words.photos
            else draw(layout.root / "drawn", words.pictures)
        )
        trunk, side_px = build_trunk(words.backbone, settings)
        rows = speeds(settings, layout, words.backbone, trunk, paths)
        about = machine.describe("tensorflow", "keras", "ai-edge-litert")
        about |= {"backbone": f"{words.backbone} at {side_px} px", "files": f"{len(paths)}"}
        machine.show(rows, about, as_json=words.json)
        if words.photos and has_weights(words.backbone, settings):  # random ones cannot be scaled to int8
            widths = graph.widths(backbones.find(words.backbone), trunk)
            machine.show(int8_costs(layout.root, trunk, paths, widths), about, as_json=words.json)


def draw(folder: Path, count: int) -> list[Path]:
    """Draw cars as JPEG files."""
    paths = [folder / f"{at:04d}.jpg" for at in range(count)]
    for at, path in enumerate(paths):
        files.write_bytes(path, images.encode(draw_car(at, bool(at % 2)), "jpg"))
    return paths


def build_trunk(name: str, settings: params.Params) -> tuple[Any, int]:
    """Build a backbone with its ImageNet weights where they are at hand, else with random ones."""
    row = backbones.find(name)
    network = row.build(row.native_px)
    if has_weights(name, settings):
        found = weights.resolve(row, "imagenet", weights.folders(settings.weights, Path()), Path())
        weights.load(network, found.path)
    return graph.with_preprocessing(row, graph.widened(row, network)), row.native_px


def has_weights(name: str, settings: params.Params) -> bool:
    """Say whether the ImageNet weights of a backbone are at hand."""
    told = weights.describe(name, settings.backbones[name], settings.weights)
    return not told.startswith(("not here", "missing"))


def assemble(trunk: Any, linear: head.Linear, scaling: head.Scaling | None = None) -> Any:
    """Make a whole model of a trunk and a head."""
    return model_file.assemble(graph.add_head(trunk, linear, scaling), 1.0, "measured")


def speeds(
    settings: params.Params, layout: Layout, name: str, trunk: Any, paths: list[Path]
) -> list[dict[str, Any]]:
    """Pictures per second of each way, one at a time and as a folder; the median of some rounds."""
    side_px, width = trunk.input_shape[1], trunk.output_shape[1]
    linear = head.Linear(np.random.default_rng(0).normal(0, 0.01, (width, 2)), np.zeros(2))
    model = assemble(trunk, linear)
    save(layout, name, model, side_px)
    ours = predictor.Predictor(name, [layout.model(name)], layout.litert)
    compiled = features.compiled(model)

    def load(path: Path) -> images.Image:
        return images.resize(images.load(path), side_px, side_px)

    def batches(chosen: list[Path]) -> Iterator[Any]:
        for at in range(0, len(chosen), BATCH):
            yield np.stack([load(path) for path in chosen[at : at + BATCH]])

    singly: list[FOUND] = [
        ("wreck predict", lambda chosen: [ours.classify(sources.read(path)) for path in chosen]),
        ("keras predict", lambda chosen: [model.predict(load(path)[None], verbose=0) for path in chosen]),
        ("tf.function", lambda chosen: [compiled(load(path)[None]) for path in chosen]),
    ]
    folder: list[FOUND] = [
        ("wreck predict", lambda chosen: predict.run(settings, layout, map(str, chosen), name)),
        (
            "keras predict",
            lambda chosen: [model.predict(b, batch_size=BATCH, verbose=0) for b in batches(chosen)],
        ),
        ("tf.function", lambda chosen: [compiled(b) for b in batches(chosen)]),
    ]
    return [*pace("one at a time", singly, paths[:SINGLY]), *pace("a folder", folder, paths)]


def pace(what: str, ways: list[FOUND], paths: list[Path]) -> list[dict[str, Any]]:
    """Let the ways take turns over the same files; CPU seconds hardly feel what else the machine does."""
    costs: dict[str, list[machine.Cost]] = {name: [] for name, _ in ways}
    for at in range(ROUNDS + 1):
        for name, run in ways:
            with machine.measured() as cost:
                run(paths)
            if at:  # the first round warms up
                costs[name].append(cost)
    seconds = {name: statistics.median(cost.seconds for cost in found) for name, found in costs.items()}
    cpu_s = {name: statistics.median(cost.cpu_s for cost in found) for name, found in costs.items()}
    return [
        {
            "files": what,
            "way": name,
            "pictures/s": len(paths) / seconds[name],
            "ours is faster": seconds[name] / seconds["wreck predict"],
            "CPU-ms": 1000 * cpu_s[name] / len(paths),
            "ours takes less CPU": cpu_s[name] / cpu_s["wreck predict"],
        }
        for name, _ in ways
    ]


def save(layout: Layout, name: str, model: Any, side_px: int) -> None:
    """Write a model as training leaves it, as far as predicting needs it."""
    model_file.save(model, layout.model(name) / "model.keras")
    card = {"backbone": name, "classes": CLASSES, "positive": CLASSES[0], "threshold": 0.5}
    files.write_json(layout.model(name) / "model.json", {**card, "input": {"width_px": side_px}})


def int8_costs(root: Path, trunk: Any, paths: list[Path], widths: tuple[int, ...]) -> list[dict[str, Any]]:
    """Accuracy and ROC AUC in float32 and int8, of pictures that neither head nor scales have seen."""
    classes = sorted({path.parent.name for path in paths})
    unique = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in paths}
    paths = list(unique.values())
    side_px = trunk.input_shape[1]
    target = np.array([classes.index(path.parent.name) for path in paths])
    squares = np.stack([images.resize(images.load(path), side_px, side_px) for path in paths])
    blank = head.Linear(np.zeros((trunk.output_shape[1], 2)), np.zeros(2))
    convert.to_litert(assemble(trunk, blank), root / "trunk.tflite")
    vectors = ask(root / "trunk.tflite", squares, "features")
    said = {"litert": np.zeros(len(paths)), "litert-int8": np.zeros(len(paths))}
    for fit, held_out in StratifiedKFold(5, shuffle=True, random_state=29).split(vectors, target):
        scaled = head.fit(vectors[fit], widths, target[fit], 2, STRENGTH)
        model = assemble(trunk, scaled.linear, scaled.scaling)
        spread = fit[np.linspace(0, len(fit) - 1, EXAMPLES).astype(int)]
        for name, examples in (("litert", []), ("litert-int8", list(squares[spread]))):
            convert.to_litert(model, root / f"{name}.tflite", examples)
            said[name][held_out] = ask(root / f"{name}.tflite", squares[held_out], "p")[:, 1]
    scores = {
        name: (100 * np.mean((p >= 0.5) == target), roc_auc_score(target, p)) for name, p in said.items()
    }
    whole = scores["litert"]
    return [
        {
            "format": name,
            "pictures": len(paths),
            "accuracy %": float(accuracy),
            "points lost": float(whole[0] - accuracy),
            "ROC AUC": f"{auc:.4f}",
            "AUC lost": f"{whole[1] - auc:.4f}",
            "mean change of p": f"{np.abs(said[name] - said['litert']).mean():.4f}",
        }
        for name, (accuracy, auc) in scores.items()
    ]


def ask(path: Path, squares: Any, what: str) -> Any:
    """Ask a .tflite file about pictures (N, px, px, 3), in threads."""
    network = litert.Network(path, at_once=2)
    with ThreadPoolExecutor(2) as pool:
        return np.stack([answer[what] for answer in pool.map(network, squares)])


if __name__ == "__main__":
    main()
