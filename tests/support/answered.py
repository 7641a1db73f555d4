"""A workspace as training leaves it: small pictures, a manifest, simulated answers of known skill."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from wreck_core import images
from wreck_core.files import write_json
from wreck_core.layout import Layout
from wreck_core.params import BackboneRow, Params

FOLDS = 4
TEST = -1


def fill(layout: Layout, many: int = 160, *, source: str = "photos.example", url: str = "") -> None:
    """Store `many` small pictures, and write manifest.parquet and candidates.parquet; every 8th is locked."""
    rng = np.random.default_rng(11)
    rows = []
    for number in range(many):
        data = images.encode(rng.integers(0, 255, (20, 24, 3), np.uint8), "png")
        sha256 = hashlib.sha256(data).hexdigest()
        path = layout.image(sha256, "png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        locked = number % 8 == 7
        rows.append(
            {
                "sha256": sha256,
                "path": layout.relative(path),
                "label": "damaged" if number % 2 == (number // 8) % 2 else "undamaged",
                "cluster": sha256,
                "source": source,
                "selection": "list",
                "fold": TEST if locked else number % FOLDS,
                "split": "test" if locked else "fold",
                "url": url or f"http://photos.example/{number}.png",
                "bytes": len(data),
                "format": "png",
                "width": 24 + int(rng.integers(0, 9)),
                "height": 20,
                "brightness": float(rng.uniform(20, 230)),
            }
        )
    table = pd.DataFrame(rows).sort_values("sha256", ignore_index=True)
    facts = ["url", "bytes", "format", "width", "height", "brightness"]
    layout.manifest.parent.mkdir(parents=True, exist_ok=True)
    table.drop(columns=facts).assign(x=None, y=None, w=None, h=None).to_parquet(layout.manifest)
    table[["sha256", "path", *facts]].to_parquet(layout.candidates)


def answer(layout: Layout, backbone: str, skill: float, **facts: Any) -> None:
    """Leave what a training of `backbone` leaves; `skill` separates the classes, 0 is chance."""
    manifest = pd.read_parquet(layout.manifest)
    truth = (manifest["label"] == "damaged").to_numpy()
    shared = np.random.default_rng(1).normal(size=len(truth))
    own = np.random.default_rng(int.from_bytes(backbone.encode()[:6], "big")).normal(size=len(truth))
    logit = skill * (truth * 2.0 - 1) + 0.8 * shared + 0.6 * own
    table = manifest[["sha256", "cluster", "source", "fold"]].assign(
        seed=29,
        label=truth.astype(int),
        p_raw=expit(2 * logit),
        p_calibrated=expit(logit),
        backbone=backbone,
        weights_sha256="ab" * 32,
    )
    folder = layout.model(backbone)
    folder.mkdir(parents=True, exist_ok=True)
    table.to_parquet(folder / "oof.parquet")
    card = {"backbone": backbone, "recipe": "frozen", "weights": "imagenet", "ms_per_image_p50": 20.0}
    card |= {"ms_per_image_p95": 25.0, "size_mb": 9.5, "threshold": 0.5, "versions": {"numpy": "2.3"}}
    grown = [0.75, 0.78, 0.8, 0.81]
    card["learning_curve"] = [
        {"share": (at + 1) / 4, "n_images": 30 * (at + 1), "roc_auc": auc} for at, auc in enumerate(grown)
    ]
    write_json(folder / "metrics.json", card | facts)
    trials = [
        {"fold": fold, "c": c, "temperature": 1.0, "log_loss": loss, "chosen": c == 0.01}
        for fold in (*range(FOLDS), TEST)
        for c, loss in ((0.001, 0.4), (0.01, 0.3), (0.1, 0.35))
    ]
    pd.DataFrame(trials).to_csv(folder / "history.csv", index=False)


def fail(layout: Layout, backbone: str, reason: str) -> None:
    """Leave what a failed training leaves."""
    told = {"backbone": backbone, "reason": reason, "fix": "look"}
    layout.model(backbone).mkdir(parents=True, exist_ok=True)
    (layout.model(backbone) / "metrics.json").unlink(missing_ok=True)
    write_json(layout.model(backbone) / "failed.json", told)


def board_of(params: Params, *names: str, weights: str = "imagenet", **settings: Any) -> Params:
    """Give params with these backbones, few resamples, and changed report settings."""
    report = params.report.model_copy(update={"bootstrap": 200, "gallery": 3} | settings)
    rows = {name: BackboneRow(weights=weights) for name in names}
    return params.model_copy(update={"backbones": rows, "report": report})
