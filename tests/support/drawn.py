"""A workspace with a manifest of small drawn pictures: noisy ones are damaged, smooth ones are not."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from wreck_core import images
from wreck_core.layout import Layout
from wreck_core.params import Params

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDS = 3
TEST = -1


def picture(rng: np.random.Generator, label: str, side_px: int = 48) -> images.Image:
    """RGB uint8 (side_px, side_px, 3): a ramp of one colour, noisy if damaged, striped if worn."""
    ramp = np.linspace(40, 200, side_px)[:, None, None] * rng.uniform(0.4, 1.0, 3)
    noise = rng.normal(0, 60, (side_px, side_px, 3)) if label == "damaged" else 0
    stripes = 80 * (np.arange(side_px)[None, :, None] % 8 < 4) if label == "worn" else 0
    return np.clip(ramp + noise + stripes + np.zeros((side_px, side_px, 3)), 0, 255).astype(np.uint8)


def write_picture(path: Path, label: str, seed: int) -> Path:
    """Write one drawn picture as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.encode(picture(np.random.default_rng(seed), label), "png"))
    return path


def fill(layout: Layout, per_class: int = 16, classes: tuple[str, ...] = ("damaged", "undamaged")) -> None:
    """Store drawn pictures and write their manifest: FOLDS folds and a test part, clusters of one or two."""
    rows = []
    for number in range(per_class * len(classes)):
        label = classes[number % len(classes)]
        data = images.encode(picture(np.random.default_rng(number), label), "png")
        sha256 = hashlib.sha256(data).hexdigest()
        path = layout.image(sha256, "png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        group = number // len(classes)  # the first pictures of a class come in pairs
        cluster = f"{label}{group // 2 if group < 4 else group}"
        fold = (group // 2 if group < 4 else group) % (FOLDS + 1)
        rows.append(
            {
                "sha256": sha256,
                "path": layout.relative(path),
                "label": label,
                "cluster": cluster,
                "source": "drawn",
                "selection": "list",
                "fold": fold if fold < FOLDS else TEST,
                "split": "fold" if fold < FOLDS else "test",
                **dict.fromkeys(("x", "y", "w", "h"), np.nan),
            }
        )
    frame = pd.DataFrame(rows).sort_values("sha256", ignore_index=True)
    layout.manifest.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(layout.manifest, index=False)


def quick(params: Params) -> Params:
    """Make trainings of drawn pictures take seconds: small inputs, two inner folds, two epochs."""
    raw = params.model_dump()
    raw["train"] |= {"batch": 8, "inner_folds": 2, "c_grid": [0.01, 1.0]}
    raw["backbones"] = {
        "efficientnet_lite0": {"weights": "imagenet", "input_px": 48},
        "scratch_cnn": {"weights": "none", "input_px": 32, "epochs": 2},
        "mobilenet_random": {"weights": "none", "builder": "mobilenet", "input_px": 32},
        "mobilenet_v2_tuned": {
            "weights": "none",
            "builder": "mobilenet_v2",
            "input_px": 64,
            "recipe": "top_blocks",
            "epochs": 2,
        },
        "no_such_file": {"weights": "nowhere.weights.h5", "builder": "mobilenet"},
        "no_such_builder": {"weights": "none"},
    }
    return Params.model_validate(raw)
