"""What the report of many pictures takes, and its bootstrap beside scikit-learn's AUC in a loop.

`python -m benchmarks.report [--pictures 50000] [--backbones 8]`: as many links to a few drawn photos, with
simulated answers and untrained networks, and the report twice, each in a process of its own: the first, and
the one that says what changed since. The goals: each within 60 s and 1.5 GB; else it exits with 1.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from benchmarks import machine
from wreck_core import images, params
from wreck_core.evaluation import intervals
from wreck_core.evaluation.metrics import Cases
from wreck_core.files import read_json, write_json
from wreck_core.layout import Layout
from wreck_core.params import BackboneRow
from wreck_core.sample.draw import draw_car
from wreck_core.stages import earlier, report

ROOT = Path(__file__).resolve().parents[1]
MOST_S, MOST_MB = 60.0, 1500.0
PHOTOS, FOLDS, SOURCES, PEER_DRAWS = 40, 5, 40, 10
WAYS = ("list", "random", "margin")


def write_pictures(layout: Layout, many: int) -> pd.DataFrame:
    """Link `many` names to a few drawn photos; write manifest and candidates, every seventh locked."""
    rng = np.random.default_rng(1)
    drawn = [images.encode(draw_car(seed, seed % 2 == 0), "jpg", quality=90) for seed in range(PHOTOS)]
    rows = []
    for number in range(many):
        sha256, locked = hashlib.sha256(str(number).encode()).hexdigest(), number % 7 == 0
        path = layout.image(sha256, "jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        if number < PHOTOS:
            path.write_bytes(drawn[number])
        else:
            path.hardlink_to(layout.root / rows[number % PHOTOS]["path"])
        rows.append(
            {
                "sha256": sha256,
                "path": layout.relative(path),
                "label": "damaged" if rng.random() < 0.4 else "undamaged",
                "cluster": sha256,
                "source": f"s{number % SOURCES}.example",
                "selection": WAYS[number % len(WAYS)],
                "fold": -1 if locked else number % FOLDS,
                "split": "test" if locked else "fold",
                "url": f"http://s{number % SOURCES}.example/{number}.jpg",
                "bytes": int(rng.integers(20_000, 200_000)),
                "format": "jpeg",
                "width": int(rng.integers(200, 1200)),
                "height": int(rng.integers(200, 1200)),
                "brightness": float(rng.uniform(20, 230)),
            }
        )
    table = pd.DataFrame(rows).sort_values("sha256", ignore_index=True)
    facts = ["url", "bytes", "format", "width", "height", "brightness"]
    table.drop(columns=facts).to_parquet(layout.manifest)
    table[["sha256", "path", *facts]].to_parquet(layout.candidates)
    return table


def write_answers(layout: Layout, table: pd.DataFrame, name: str, skill: float, seed: int) -> None:
    """Leave what a training leaves, of a model that separates the classes by `skill`."""
    truth = (table["label"] == "damaged").to_numpy()
    logit = skill * (2.0 * truth - 1) + np.random.default_rng(seed).normal(size=len(truth))
    folder = layout.model(name)
    folder.mkdir(parents=True)
    answers = table[["sha256", "cluster", "source", "fold"]].assign(
        label=truth.astype(int), p_raw=expit(2 * logit), p_calibrated=expit(logit)
    )
    answers.to_parquet(folder / "oof.parquet")
    curve = [{"share": at / 4, "n_images": at * 100, "roc_auc": 0.7 + at / 50} for at in range(1, 5)]
    facts = {"recipe": "frozen", "weights": "imagenet", "threshold": 0.5, "ms_per_image_p50": 5.0 + seed}
    write_json(folder / "metrics.json", facts | {"backbone": name, "learning_curve": curve})
    trials = [
        {"fold": fold, "c": c, "log_loss": 0.4 - c, "chosen": c == 0.1}
        for fold in (*range(FOLDS), -1)
        for c in (0.01, 0.1)
    ]
    pd.DataFrame(trials).to_csv(folder / "history.csv", index=False)


def write_network(folder: Path) -> None:
    """Leave a mobilenet_v2 without training, for the heat maps."""
    from wreck_core.training import backbones, graph, model_file
    from wreck_core.training.runtime import keras

    row = backbones.find("mobilenet_v2")
    trunk = graph.with_preprocessing(row, graph.widened(row, row.build(224)))
    network = keras.Model(trunk.input, keras.layers.Dense(2, name="logits")(trunk.output))
    model_file.save(model_file.assemble(network, 1.0, folder.name), folder / "model.keras")
    card = {"input": {"width_px": 224}, "classes": ["damaged", "undamaged"], "positive": "damaged"}
    write_json(folder / "model.json", card)


def measure(layout: Layout) -> dict[str, Any]:
    """Make the report of what lies there, keep it for the next, and tell what it took."""
    names = sorted(path.name for path in layout.models.iterdir())
    settings = params.load(layout.params)
    rows = {name: BackboneRow(weights="imagenet") for name in names}
    with machine.measured() as cost:
        report.run(settings.model_copy(update={"backbones": rows, "ensembles": {}}), layout)
    earlier.keep(layout)
    sizes = {path.name: path.stat().st_size / 1e6 for path in layout.reports.iterdir()}
    return {
        "seconds": cost.seconds,
        "cpu_s": cost.cpu_s,
        "peak_mb": machine.peak_rss_mb(),
        "maps": len(read_json(layout.report_json)["looks"]["maps"]),
        "page_mb": sizes["leaderboard.html"],
        "report_json_mb": sizes["report.json"],
    }


def bootstrap(layout: Layout, table: pd.DataFrame) -> dict[str, float]:
    """Time the board's bootstrap, and scikit-learn's AUC of a few resamples, scaled up to as many."""
    judged, draws = table[table["split"] == "fold"], params.load(layout.params).report.bootstrap
    answers = [pd.read_parquet(path / "oof.parquet") for path in sorted(layout.models.iterdir())]
    scores = np.stack([each[each["fold"] >= 0]["p_raw"].to_numpy() for each in answers])
    truth = (judged["label"] == "damaged").to_numpy()
    cases = Cases(truth, judged["fold"].to_numpy(np.int64), np.arange(len(judged)))
    with machine.measured() as ours:
        intervals.bootstrap_auc(cases, scores, draws=draws, seed=1)
    rng, began = np.random.default_rng(1), time.perf_counter()
    for _ in range(PEER_DRAWS):
        at = rng.integers(0, len(truth), len(truth))
        for score in scores:
            roc_auc_score(truth[at], score[at])
    peer_s = (time.perf_counter() - began) * draws / PEER_DRAWS
    return {"ours_s": ours.seconds, "scikit_learn_s": peer_s, "ratio": peer_s / ours.seconds}


def main() -> int:
    """Measure, and say whether the goals are met."""
    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("--pictures", type=int, default=50_000)
    parser.add_argument("--backbones", type=int, default=8)
    parser.add_argument("--inside", help="make the report of this folder, and print what it took as JSON")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.inside:
        print(json.dumps(measure(Layout(Path(asked.inside)))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder))
        layout.manifest.parent.mkdir()
        layout.params.write_text((ROOT / "params.yaml").read_text())
        table = write_pictures(layout, asked.pictures)
        for at in range(asked.backbones):
            write_answers(layout, table, f"model_{at}", 1 + 0.03 * at, at)
            write_network(layout.model(f"model_{at}"))
        words = [sys.executable, "-m", "benchmarks.report", "--inside", folder]
        runs = [
            json.loads(subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout)
            for _ in range(2)
        ]
        beside = bootstrap(layout, table)
    rows = [{"report": which} | run for which, run in zip(("first", "next"), runs, strict=True)]
    about = machine.describe("numpy", "scikit-learn", "opencv-python")
    about |= {f"bootstrap_{name}": f"{value:.1f}" for name, value in beside.items()}
    machine.show(rows, about, as_json=asked.json)
    return int(any(run["seconds"] > MOST_S or run["peak_mb"] > MOST_MB for run in runs))


if __name__ == "__main__":
    sys.exit(main())
