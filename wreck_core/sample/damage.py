"""What a crash does to a car: dents, crumpled sheet, scratches, cracked or broken glass, missing parts."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from wreck_core.sample.body import Design, Points, Sheet, normals
from wreck_core.sample.noise import Field, clouds, ridges
from wreck_core.sample.paint import Parts
from wreck_core.sample.render import Colours


@dataclass
class Wreckage:
    """A car's sheet while it is being damaged; the arrays are changed in place."""

    car: Design
    sheet: Sheet
    parts: Parts
    albedo: Colours
    gloss: Field
    lost_wheels: set[tuple[int, int]] = field(default_factory=set)  # (axle, side)
    lost_mirrors: set[int] = field(default_factory=set)  # side


def wreck(rng: np.random.Generator, wreckage: Wreckage, eye: Points) -> None:
    """Damage a car where the camera at `eye` (3,) sees it: lightly, plainly or badly."""
    severity = rng.choice(3, p=(0.10, 0.35, 0.55))
    target = _hit(rng, wreckage, eye)
    if severity == 0:
        kinds = [(dent, scratch, crack_glass, lose_part)[rng.choice(4, p=(0.35, 0.25, 0.2, 0.2))]]
    elif severity == 1:
        kinds = [crumple, scratch]
        kinds += [kind for kind in (dent, crack_glass, lose_part) if rng.random() < 0.5]
    else:
        kinds = [crumple, crumple, lose_part, scratch, crack_glass, crumple][: rng.integers(4, 7)]
    for kind in kinds:
        kind(rng, wreckage, target)
        if rng.random() < 0.5:
            target = _hit(rng, wreckage, eye)


def _hit(rng: np.random.Generator, wreckage: Wreckage, eye: Points) -> Points:
    """Choose a point (3,) of the body that the camera sees, at the height where cars meet things."""
    points = wreckage.sheet.points
    view = eye - points
    view /= np.linalg.norm(view, axis=2, keepdims=True)
    seen = np.einsum("ijk,ijk->ij", normals(points), view) > 0.35
    high = points[..., 2] / wreckage.car.height
    rows, columns = np.nonzero(seen & (high > 0.22) & (high < 0.72) & ~wreckage.parts.arches)
    if not rows.size:
        return np.asarray(points[points.shape[0] // 8, points.shape[1] // 2])
    chosen = rng.integers(rows.size)
    return np.asarray(points[rows[chosen], columns[chosen]])


def _near(wreckage: Wreckage, target: Points, radius_m: float) -> Field:
    """1 at the target, falling to 0 at `radius_m`."""
    distance = np.linalg.norm(wreckage.sheet.points - target, axis=2)
    return np.asarray(np.clip(1 - (distance / radius_m) ** 2, 0, 1) ** 1.5, np.float32)


def dent(rng: np.random.Generator, wreckage: Wreckage, target: Points) -> None:
    """Press one to three smooth hollows into the sheet."""
    for _ in range(rng.integers(1, 4)):
        middle = (target + rng.normal(0, 0.12, 3)).astype(np.float32)
        hollow = _near(wreckage, middle, rng.uniform(0.16, 0.42)) * rng.uniform(0.05, 0.14)
        wreckage.sheet.points[:] -= normals(wreckage.sheet.points) * hollow[..., None]


def crumple(rng: np.random.Generator, wreckage: Wreckage, target: Points) -> None:
    """Push a part of the car in and fold its sheet."""
    points = wreckage.sheet.points
    rows, columns = points.shape[:2]
    near = _near(wreckage, target, rng.uniform(0.6, 1.5))
    inward = np.asarray((0.0, 0.0, 0.35 * wreckage.car.height)) - target
    inward[0] *= 0.6
    inward /= np.linalg.norm(inward)
    points += np.asarray(inward * rng.uniform(0.15, 0.50), np.float32) * near[..., None]
    folds = ridges(rng, (rows, columns), rows * rng.uniform(0.06, 0.16)) - 0.5
    depth = folds * rng.uniform(0.14, 0.32) * np.minimum(2.0 * near, 1)
    points -= normals(points) * depth[..., None]
    # Torn paint shows along the sharpest folds.
    torn = (folds > 0.25) & (near > 0.2) & (clouds(rng, (rows, columns), rows / 40) > 0.55)
    wreckage.albedo[torn] = np.asarray((0.34, 0.33, 0.32)) * rng.uniform(0.5, 1.3)
    wreckage.gloss *= 1 - 0.5 * near


def scratch(rng: np.random.Generator, wreckage: Wreckage, target: Points) -> None:
    """Draw a bundle of nearly parallel scratches through the paint."""
    rows, columns = wreckage.gloss.shape
    at = np.argmin(np.linalg.norm(wreckage.sheet.points - target, axis=2))
    start = np.asarray(np.unravel_index(at, wreckage.gloss.shape), float)[::-1]
    layer = np.zeros((rows, columns), np.float32)
    course = rng.normal(0, 1, 2) * (0.4, 1.0)
    course *= rng.uniform(0.06, 0.22) * rows / np.linalg.norm(course)
    for _ in range(rng.integers(3, 14)):
        steps = np.linspace(-0.5, 0.5, 6)[:, None] * course * rng.uniform(0.4, 1.2)
        line = start + rng.normal(0, 0.012 * rows, 2) + steps + rng.normal(0, 0.004 * rows, (6, 2))
        thickness = int(rng.integers(1, 2 + rows // 250))
        cv2.polylines(
            layer, [np.asarray(line, np.int32)], False, rng.uniform(0.4, 1.0), thickness, cv2.LINE_AA
        )
    layer *= (clouds(rng, (rows, columns), rows / 30) > 0.42) & ~wreckage.parts.glass
    bare = np.asarray((0.75, 0.74, 0.72) if wreckage.albedo.mean() < 0.45 else (0.22, 0.21, 0.20), np.float32)
    wreckage.albedo += (bare - wreckage.albedo) * layer[..., None]
    wreckage.gloss *= 1 - layer


def crack_glass(rng: np.random.Generator, wreckage: Wreckage, target: Points) -> None:
    """Crack the pane nearest to the hit like a spider's web, or break it out."""
    glass, points = wreckage.parts.glass, wreckage.sheet.points
    rows, columns = np.nonzero(glass)
    if not rows.size:
        return
    distance = np.linalg.norm(points[rows, columns] - target, axis=1) + rng.gamma(2, 0.15, rows.size)
    middle = np.asarray((columns[np.argmin(distance)], rows[np.argmin(distance)]), float)
    if rng.random() < 0.3:
        hole = np.linalg.norm(points - points[int(middle[1]), int(middle[0])], axis=2) < rng.uniform(0.3, 0.7)
        shards = clouds(rng, glass.shape, glass.shape[0] / 25) > 0.36
        wreckage.albedo[glass & hole & shards] = 0.012
        wreckage.gloss[glass & hole & shards] = 0.0
        return
    layer = np.zeros(glass.shape, np.float32)
    reach = rng.uniform(0.05, 0.13) * glass.shape[0]
    spokes = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(9, 20)))
    bends = np.linspace(0.05, 1, 6)[:, None, None] * reach * rng.uniform(0.5, 1.2, (1, spokes.size, 1))
    bends = bends + rng.normal(0, reach * 0.02, (6, spokes.size, 1))
    web = middle + bends * np.stack((np.cos(spokes), np.sin(spokes)), 1)
    for spoke in range(spokes.size):
        cv2.polylines(layer, [np.asarray(web[:, spoke], np.int32)], False, 0.9, 1, cv2.LINE_AA)
    for ring in range(1, 5):
        cv2.polylines(layer, [np.asarray(web[ring], np.int32)], True, 0.6, 1, cv2.LINE_AA)
    cv2.circle(layer, (int(middle[0]), int(middle[1])), max(int(reach * 0.12), 1), 0.8, -1, cv2.LINE_AA)
    layer *= glass
    wreckage.albedo += (0.85 - wreckage.albedo) * layer[..., None]
    wreckage.gloss *= 1 - 0.7 * layer


def lose_part(rng: np.random.Generator, wreckage: Wreckage, target: Points) -> None:
    """Take off the bumper, lamp, wheel or mirror that is nearest to the hit."""
    car, parts, points = wreckage.car, wreckage.parts, wreckage.sheet.points
    front, side = target[0] > 0, 1 if target[1] > 0 else -1
    here = (points[..., 0] > 0) == front
    kind = rng.choice(("bumper", "lamp", "wheel", "mirror"), p=(0.38, 0.30, 0.22, 0.10))
    if kind == "wheel":
        wreckage.lost_wheels.add((0 if front else 1, side))
    elif kind == "mirror":
        wreckage.lost_mirrors.add(side)
    else:
        lamps = (parts.front_lamps | parts.rear_lamps) & (np.sign(points[..., 1]) == side)
        hole = (parts.bumpers if kind == "bumper" else lamps) & here
        rough = clouds(rng, hole.shape, hole.shape[0] / 14)
        wreckage.albedo[hole] = (rough[hole, None] ** 2) * np.asarray((0.30, 0.29, 0.28))
        wreckage.gloss[hole] = 0.05
        inward = np.where(points[..., 0] > 0, -1.0, 1.0) * (0.06 + 0.14 * rough) * (car.length / 4.5)
        points[..., 0] += np.where(hole, inward, 0).astype(np.float32)
