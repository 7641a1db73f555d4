"""Ways to find a picture that was cut out of another: what each finds, takes for one, and costs.

`python -m benchmarks.crops [--photos DIR]`; without a folder of photos, on drawn ones. Crops take 5, 10, 15
or 20 % off each side length, at a random place, and are saved again; a way sees all photos and all
crops of them at once. The columns: percent of the crops that are linked to their photo; pairs of
different photos among them (`false`); pairs in the whole folder that dedup does not link (`elsewhere`,
to be judged by eye: some photos are crops of others); CPU-seconds for 1,000 photos without crops, and
how much more twice as many cost.
"""

import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from benchmarks import machine
from benchmarks.dedup import read_photos
from benchmarks.edits import cut_at
from wreck_core import images, params
from wreck_core.dedup import crops

ROOT = Path(__file__).resolve().parents[1]
PARAMS = params.load(ROOT / "params.yaml")
FRACTIONS = (0.05, 0.10, 0.15, 0.20)
VIEW_PX, FEATURES = 400, 200
NEIGHBOURS = 8
INLIERS = 12  # matches that agree on one place and scale
COSINES = 5  # nearest pictures by a backbone's features

Pairs = set[tuple[int, int]]
Way = Callable[[Path, list[str]], Pairs]


def windows(folder: Path, names: list[str]) -> Pairs:
    """Hash windows as if they had been cut out, and prove by correlation: `dedup.crops`."""
    found = crops.find(pd.DataFrame({"path": names}), folder, PARAMS.dedup.review_bits)
    return set(zip(found.left.tolist(), found.right.tolist(), strict=True))


def local_features(folder: Path, names: list[str], *, kind: str) -> Pairs:
    """Match ORB or SIFT features of all pictures in one FLANN index, and ask for one place and scale."""
    detector, index, search, near = {
        "ORB": (
            cv2.ORB_create(FEATURES),
            {"algorithm": 6, "table_number": 8, "key_size": 16, "multi_probe_level": 1},
            {"distType": 9},  # Hamming
            40,
        ),
        "SIFT": (cv2.SIFT_create(FEATURES), {"algorithm": 1, "trees": 4}, {}, 220**2),
    }[kind]
    places, described, owners = [], [], []
    for number, name in enumerate(names):
        view = images.fit_within(images.load_grey(folder / name), VIEW_PX)
        points, vectors = detector.detectAndCompute(view, None)
        if vectors is not None:
            places += [point.pt for point in points]
            described.append(vectors)
            owners += [number] * len(points)
    every, place, owner = np.concatenate(described), np.array(places, np.float32), np.array(owners)
    near_ones, distances = cv2.flann.Index(every, index, **search).knnSearch(
        every, NEIGHBOURS, params={"checks": 32}
    )
    query = np.repeat(np.arange(len(every)), NEIGHBOURS)
    other = near_ones.reshape(-1)
    real = (other >= 0) & (other < len(every)) & (distances.reshape(-1) <= near)
    query, other = query[real], other[real]
    ahead = owner[query] < owner[other]
    matches = pd.DataFrame({"query": query[ahead], "other": other[ahead]})
    grouped = matches.groupby([owner[matches["query"]], owner[matches["other"]]])
    return {
        (int(left), int(right))
        for (left, right), group in grouped
        if len(group) >= INLIERS and _agree(place[group["query"]], place[group["other"]])
    }


def _agree(one: Any, other: Any) -> bool:
    """Whether enough matches lie in one place, turned and scaled alike."""
    _, inliers = cv2.estimateAffinePartial2D(one, other, method=cv2.RANSAC, ransacReprojThreshold=3)
    return inliers is not None and int(inliers.sum()) >= max(INLIERS, len(one) // 2)


def backbone(folder: Path, names: list[str], *, forward: Any, side_px: int) -> Pairs:
    """Take the nearest pictures by the cosine of a backbone's features, and prove by correlation."""
    from wreck_core.training.pictures import load_squares

    table = pd.DataFrame({"path": names, "box": None})
    parts = [load_squares(folder, table[at : at + 32], side_px) for at in range(0, len(table), 32)]
    vectors = np.concatenate([forward(part) for part in parts])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    nearest = np.argpartition(-cosines, COSINES, axis=1)[:, :COSINES]
    views = [images.fit_within(images.load_grey(folder / name), crops.VIEW_PX) for name in names]
    candidates = {
        (min(pair), max(pair))
        for one, row in enumerate(nearest.tolist())
        for pair in ((one, each) for each in row)
    }
    return {
        (one, other)
        for one, other in candidates
        if max(crops.correlation(views[one], views[other]), crops.correlation(views[other], views[one]))
        >= crops.MIN_CORRELATION
    }


def embedded_backbone() -> Way:
    """Build efficientnet_lite0, whose weights need no network."""
    from wreck_core.training import backbones, features, graph, weights

    row = backbones.find("efficientnet_lite0")
    network = row.build(row.native_px)
    found = weights.resolve(row, "imagenet", [], ROOT)
    if found.path is not None:
        weights.load(network, found.path)
    forward = features.compiled(graph.with_preprocessing(row, network))
    return partial(backbone, forward=forward, side_px=row.native_px)


def measure(way: Way, folder: Path, photos: int, others: int) -> dict[str, Any]:
    """Judge a way: of `photos` there are crops, of `others` there are none."""
    originals = [f"photo-{at:05}.jpg" for at in range(photos + others)]
    cuts = [f"crop-{fraction:.0%}-{at:05}.jpg" for fraction in FRACTIONS for at in range(photos)]
    with machine.measured() as of_half:
        way(folder, originals[::2])
    with machine.measured() as whole:
        elsewhere = way(folder, originals)
    pairs = way(folder, originals[:photos] + cuts)
    shares = {}
    for level, fraction in enumerate(FRACTIONS, start=1):
        found = sum((at, photos * level + at) in pairs for at in range(photos))
        shares[f"crop {fraction:.0%}"] = f"{100 * found / photos:.1f}"
    return {
        **shares,
        "false": sum(one % photos != other % photos for one, other in pairs),
        "elsewhere": len(elsewhere),
        "CPU-s per 1,000": f"{1000 * whole.cpu_s / len(originals):.1f}",
        "twice as many": f"{whole.cpu_s / of_half.cpu_s:.1f} x",
    }


def main() -> int:
    """Measure every way and print the table."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--photos", metavar="DIR", type=Path, help="a folder of photos")
    parser.add_argument("--count", type=int, default=240, help="photos to cut")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    every = read_photos(arguments.photos, 10**9 if arguments.photos else arguments.count)
    order = np.random.default_rng(0).permutation(len(every))
    photos = [every[at] for at in order]
    count = min(arguments.count, len(photos))
    random = np.random.default_rng(1)
    ways: dict[str, Callable[[], Way]] = {
        "window hashes": lambda: windows,
        "ORB": lambda: partial(local_features, kind="ORB"),
        "SIFT": lambda: partial(local_features, kind="SIFT"),
        "backbone features": embedded_backbone,
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for at, photo in enumerate(photos):
            (folder / f"photo-{at:05}.jpg").write_bytes(images.encode(photo, "jpg", quality=92))
        for fraction in FRACTIONS:
            for at, photo in enumerate(photos[:count]):
                data = images.encode(cut_at(photo, fraction, *random.random(2)), "jpg", quality=85)
                (folder / f"crop-{fraction:.0%}-{at:05}.jpg").write_bytes(data)
        rows = [
            {"way": name, **measure(build(), folder, count, len(photos) - count)}
            for name, build in ways.items()
        ]
    about = machine.describe("numpy", "opencv-python", "pandas")
    machine.show(rows, about | {"photos": len(photos), "cut": count}, as_json=arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
