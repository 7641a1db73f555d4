"""Training: the seed notebook's transfer recipe in plain Keras against ours, on the same split, in one run.

    python -m benchmarks.train --photos FOLDER [--weights FOLDER] [--many 300] [--json]

FOLDER holds `positives/` and `negatives/`; every fifth photo by its hash is judged, one model learns from
the others. Weights are real where they are at hand, else random: then the times stand and the scores mean
nothing.

    python -m benchmarks.train --nights frozen auto …

Instead: a row of the board trained as in a night, five folds and the final model, and again after 5 % of
the photos came anew. `decoding` is what reading, decoding and resizing the photos of the first night costs,
which each row does for itself.
"""

import argparse
import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks.machine import describe, measured, show
from wreck_core import params
from wreck_core.params import BackboneRow, Params
from wreck_core.summary import silent
from wreck_core.training import auto, backbones, frozen, runtime, top_blocks, weights
from wreck_core.training.pictures import load_squares
from wreck_core.training.recipe import FINAL, Task, build_backbone
from wreck_core.training.runtime import keras, tf

BACKBONES = ("mobilenet_v2", "efficientnet_lite0", "resnet50")
LABELS = {"positives": "damaged", "negatives": "undamaged"}
NEW = 0.05  # part of the photos that come in the second night
NIGHTS = {"frozen": frozen.fit, "auto": auto.fit}
FOLDS = 5
EPOCHS, BATCH = 3, 32  # of the notebook


def read_photos(folder: Path, many: int) -> pd.DataFrame:
    """List photos as `pictures.read_samples` does, all for one final model; every fifth is judged."""
    rows = []
    for path in folder.glob("*/*"):
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        rows.append(
            {"sha256": sha256, "path": str(path.relative_to(folder)), "label": LABELS[path.parent.name]}
        )
    table = pd.DataFrame(rows).drop_duplicates("sha256").sort_values("sha256", ignore_index=True)[:many]
    return table.assign(
        target=(table["label"] == "undamaged").astype(np.int64),
        split=np.where(table.index % 5 == 0, "test", "fold"),
        box=pd.Series([None] * len(table), dtype=object),
        cluster=table["sha256"],
        source="photos",
        fold=FINAL,
    )


def make_task(
    name: str, samples: pd.DataFrame, args: argparse.Namespace, settings: Params, state: Path
) -> Task:
    """Bring a backbone together with the photos, with real weights where they are at hand."""
    backbone = backbones.find(name)
    dirs = [args.weights] if args.weights else []
    row = BackboneRow(weights="imagenet", epochs=8)
    kept = params.WeightsParams(dirs=[str(folder) for folder in dirs], mirror="")
    if weights.describe(name, row, kept).startswith("not"):
        row = BackboneRow(weights="none", epochs=8)
    return Task(
        name=name,
        row=row,
        backbone=backbone,
        weights=weights.resolve(backbone, row.weights, dirs, Path()),
        classes=("damaged", "undamaged"),
        positive="damaged",
        samples=samples,
        params=settings.train,
        root=args.photos,
        features=state / "features",
        checkpoint=state / f"ckpt-{name}",
        progress=silent,
    )


def plain_keras(task: Task) -> np.ndarray:
    """Train and predict as the notebook did: 3 epochs of the head, 3 of everything; p of the judged."""

    def dataset(split: str) -> Any:
        part = task.samples[task.samples["split"] == split]
        files = [str(task.root / path) for path in part["path"]]

        def load(file: Any, target: Any) -> tuple[Any, Any]:
            image = tf.io.decode_image(tf.io.read_file(file), channels=3, expand_animations=False)
            return tf.image.resize(image, (task.input_px, task.input_px)), target

        pairs = tf.data.Dataset.from_tensor_slices((files, (part["label"] == "damaged").astype("float32")))
        return pairs.map(load, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH).prefetch(2)

    base, _ = build_backbone(task)
    image = keras.Input((task.input_px, task.input_px, 3))
    features = keras.layers.Dropout(0.2)(base(task.backbone.preprocessing(image)))
    model = keras.Model(image, keras.layers.Dense(1, activation="sigmoid")(features))
    learn = dataset("fold")
    for trainable, rate in ((False, 1e-3), (True, 1e-5)):
        base.trainable = trainable
        model.compile(keras.optimizers.Adam(rate), "binary_crossentropy")
        model.fit(learn.shuffle(8), epochs=EPOCHS, shuffle=False, verbose=0)
    return np.asarray(model.predict(dataset("test"), verbose=0))[:, 0]


def compare(task: Task) -> list[dict[str, Any]]:
    """Time the peer and our two recipes, each from nothing; one model of each is judged."""
    judged = (task.samples["split"] == "test").to_numpy()
    truth = (task.samples["label"] == "damaged").to_numpy()[judged]
    recipes = {
        "plain Keras, 3+3 epochs": lambda: plain_keras(task),
        "frozen": lambda: frozen.fit(task).p_raw()[judged, 0],
        "top_blocks": lambda: top_blocks.fit(task).p_raw()[judged, 0],
    }
    rows: list[dict[str, Any]] = []
    for name, says in recipes.items():
        with measured() as cost:
            p = says()
        peer = rows[0]["cpu_s"] if rows else cost.cpu_s
        rows.append({"recipe": name, "cpu_s": cost.cpu_s, "times_faster": peer / cost.cpu_s})
        rows[-1]["auc"] = f"{roc_auc_score(truth, p):.4f}"  # two digits would be too few
    return rows


def compare_nights(task: Task, recipes: list[str]) -> list[dict[str, Any]]:
    """Time two nights of each recipe, the second with 5 % of the photos new."""
    first = task.samples.index >= NEW * len(task.samples)
    fold = np.arange(len(task.samples)) % FOLDS
    rows: list[dict[str, Any]] = []
    for name in recipes:
        night = replace(
            task,
            samples=task.samples.assign(split="fold", fold=fold),
            features=task.features.with_name(name),
        )
        early = night.samples[first].reset_index(drop=True)
        with measured() as decoding:
            load_squares(task.root, early, task.input_px)
        with measured() as cost:
            NIGHTS[name](replace(night, samples=early, checkpoint=task.checkpoint / f"{name}-first"))
        with measured() as again:
            NIGHTS[name](replace(night, checkpoint=task.checkpoint / f"{name}-second"))
        costs = {"decoding_cpu_s": decoding.cpu_s, "first_cpu_s": cost.cpu_s, "second_cpu_s": again.cpu_s}
        rows.append({"recipe": name, **costs, "second_percent": 100 * again.cpu_s / cost.cpu_s})
    return rows


def _all_of(rows: list[dict[str, Any]], recipe: str) -> dict[str, Any]:
    """Add up a recipe's rows: two nights of a board of them."""
    costs = {
        key: sum(row[key] for row in rows if row["recipe"] == recipe)
        for key in ("decoding_cpu_s", "first_cpu_s", "second_cpu_s")
    }
    costs["second_percent"] = 100 * costs["second_cpu_s"] / costs["first_cpu_s"]
    return {"backbone": "all of these", "weights": "", "recipe": recipe, **costs}


def main() -> None:
    """Measure every backbone and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--many", type=int, default=100_000, help="at most so many photos")
    parser.add_argument("--nights", nargs="+", choices=list(NIGHTS), help="two nights of rows instead")
    parser.add_argument("--backbones", nargs="+", default=list(BACKBONES))
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    settings = params.load(Path("params.yaml"))
    runtime.start(settings.train.threads, settings.train.seed)
    samples = read_photos(args.photos, args.many)
    rows = []
    for name in args.backbones:
        with tempfile.TemporaryDirectory() as folder:
            task = make_task(name, samples, args, settings, Path(folder))
            found = compare_nights(task, args.nights) if args.nights else compare(task)
        rows += [{"backbone": name, "weights": task.weights.source, **row} for row in found]
    if args.nights and len(args.backbones) > 1:
        rows += [_all_of(rows, recipe) for recipe in args.nights]
    show(rows, describe("tensorflow", "keras") | {"photos": len(samples)}, as_json=args.json)


if __name__ == "__main__":
    main()
