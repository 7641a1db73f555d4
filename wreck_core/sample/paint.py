"""What a car's body is made of: paint, glass, lamps, gaps; and the dirt and stickers that mean nothing."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wreck_core.sample.body import Design, Sheet
from wreck_core.sample.noise import Field, clouds
from wreck_core.sample.render import Colours

Mask = NDArray[np.bool_]

COATS = (  # the colours that cars have, RGB 0-1, roughly as often as on the road
    (0.88, 0.88, 0.87), (0.80, 0.81, 0.82), (0.62, 0.64, 0.66), (0.55, 0.57, 0.60), (0.30, 0.31, 0.33),
    (0.06, 0.06, 0.07), (0.09, 0.09, 0.11), (0.08, 0.14, 0.36), (0.16, 0.30, 0.58), (0.55, 0.06, 0.07),
    (0.70, 0.10, 0.08), (0.09, 0.26, 0.18), (0.62, 0.55, 0.42), (0.80, 0.62, 0.10), (0.36, 0.22, 0.14),
)  # fmt: skip


@dataclass(frozen=True)
class Parts:
    """Where on the sheet each part lies, as masks (rows, columns)."""

    glass: Mask
    front_lamps: Mask
    rear_lamps: Mask
    grille: Mask
    plates: Mask
    bumpers: Mask
    arches: Mask
    gaps: Mask
    sill: Mask


def find_parts(car: Design, sheet: Sheet) -> Parts:
    """Find the parts by where their points lie on the car."""
    x, y, z = np.moveaxis(sheet.points, 2, 0)
    along, around, high = sheet.along, sheet.around, z / car.height
    shape, half = car.shape, car.half_width
    ahead, behind = car.length / 2 - x, x + car.length / 2

    pillar = shape.windscreen[1] + 0.11
    beside = (around > 0.42) & (around < 0.70) & (z > sheet.belt + 0.03) & (z < sheet.top - 0.10)
    beside &= (along > shape.windscreen[0]) & (along < shape.glass_end) & (np.abs(along - pillar) > 0.009)
    beside &= np.abs(along - pillar - 0.2) > 0.008
    over = around > 0.76
    screens = np.zeros_like(over)
    for start, end in (shape.windscreen, shape.rear_window):
        screens |= over & (along > start + 0.004) & (along < end - 0.004)

    arches = np.zeros_like(over)
    for axle in car.axles:
        ring = (x - axle) ** 2 + (z - car.wheel_radius) ** 2
        arches |= (ring < (1.14 * car.wheel_radius) ** 2) & (np.abs(y) > 0.6 * half)
    doors = [shape.windscreen[0] + 0.03, pillar] + ([pillar + 0.2] if shape.glass_end > 0.6 else [])
    gaps = np.zeros_like(over)
    for door in doors:
        gaps |= (np.abs(along - door) < 0.0022) & (around > 0.15) & (around < 0.44)
    gaps |= (np.abs(along - shape.windscreen[0] + 0.02) < 0.002) & (around > 0.70)
    gaps |= (np.abs(high - 0.36) < 0.006) & (np.minimum(ahead, behind) < 0.3)
    lamp = (high > 0.41) & (high < 0.51) & (np.abs(y) > 0.50 * half)
    return Parts(
        glass=beside | screens,
        front_lamps=lamp & (ahead < 0.22),
        rear_lamps=(high > 0.42) & (high < 0.54) & (np.abs(y) > 0.62 * half) & (behind < 0.16),
        grille=(high > 0.24) & (high < 0.46) & (np.abs(y) < 0.44 * half) & (ahead < 0.2),
        plates=(np.abs(y) < 0.26) & (np.abs(high - 0.30) < 0.035) & (np.minimum(ahead, behind) < 0.16),
        bumpers=(high < 0.36) & (np.minimum(ahead, behind) < 0.34),
        arches=arches,
        gaps=gaps,
        sill=z < car.clearance + 0.06,
    )


def coat(rng: np.random.Generator, sheet: Sheet, parts: Parts) -> tuple[Colours, Field]:
    """Paint the sheet: colour (rows, columns, 3) 0-1 and gloss (rows, columns) 0-1."""
    paint = np.asarray(COATS[rng.integers(len(COATS))], np.float32) * rng.uniform(0.9, 1.1)
    paint = np.clip(paint + rng.normal(0, 0.02, 3), 0.03, 0.95).astype(np.float32)
    albedo = np.broadcast_to(paint, sheet.points.shape).copy()
    gloss = np.full(sheet.along.shape, rng.uniform(0.35, 0.9), np.float32)

    def fill(mask: Mask, colour: tuple[float, float, float], shine: float) -> None:
        albedo[mask], gloss[mask] = colour, shine

    if rng.random() < 0.35:
        fill(parts.bumpers, (0.10, 0.10, 0.11), 0.15)
    fill(parts.sill, (0.07, 0.07, 0.07), 0.1)
    fill(parts.grille, (0.05, 0.05, 0.055), 0.35)
    bars = (sheet.points[..., 2] * 100 // 3 % 2 == 0) & parts.grille
    fill(bars, (0.45, 0.46, 0.48) if rng.random() < 0.5 else (0.12, 0.12, 0.13), 0.5)
    fill(parts.front_lamps, (0.82, 0.84, 0.86), 1.0)
    fill(parts.rear_lamps, (0.60, 0.05, 0.05), 0.9)
    fill(parts.plates, (0.90, 0.88, 0.80) if rng.random() < 0.6 else (0.85, 0.72, 0.2), 0.2)
    text = parts.plates & (sheet.points[..., 1] * 100 // 3 % 2 == 0) & (clouds(rng, gloss.shape, 3) > 0.5)
    fill(text, (0.08, 0.08, 0.10), 0.2)
    fill(parts.gaps, (0.04, 0.04, 0.04), 0.0)
    fill(parts.arches, (0.025, 0.025, 0.025), 0.0)
    tint = rng.uniform(0.03, 0.16)
    fill(parts.glass, (tint * 0.9, tint, tint), 1.0)
    return albedo, gloss


def distract(rng: np.random.Generator, sheet: Sheet, parts: Parts, albedo: Colours, gloss: Field) -> None:
    """Add dirt, splashes, decals and stickers, in place: things that are no damage."""
    rows, columns = gloss.shape
    if rng.random() < 0.55:
        low = np.clip(1.15 - sheet.points[..., 2] / rng.uniform(0.5, 1.3), 0, 1)
        dirt = np.clip(clouds(rng, (rows, columns), rows / 9) * 2.6 - 1.1, 0, 1) * low * rng.uniform(0.4, 1)
        brown = np.asarray((0.36, 0.30, 0.22), np.float32) * rng.uniform(0.5, 1.1)
        albedo += (brown - albedo) * dirt[..., None]
        gloss *= 1 - 0.9 * dirt
    if rng.random() < 0.15:
        specks = clouds(rng, (rows, columns), 4, octaves=2) > rng.uniform(0.76, 0.84)
        albedo[specks] = np.asarray((0.28, 0.24, 0.19)) * rng.uniform(0.4, 1.3)
        gloss[specks] = 0.05
    if rng.random() < 0.25:
        stripe = np.abs(sheet.points[..., 2] - rng.uniform(0.45, 0.75)) < rng.uniform(0.02, 0.09)
        albedo[stripe & ~parts.glass & ~parts.arches & (sheet.around < 0.44)] = rng.random(3)
    if rng.random() < 0.35:
        for _ in range(rng.integers(1, 4)):
            _stick(rng, albedo)


def _stick(rng: np.random.Generator, albedo: Colours) -> None:
    rows, columns = albedo.shape[:2]
    middle = rng.uniform(0.12, 0.88) * rows, rng.choice((0.2, 0.8, 0.5)) * columns
    corners = np.asarray(((-1, -1), (1, -1), (1, 1), (-1, 1)), float)[: rng.integers(3, 5)]
    corners = corners * rng.uniform(0.01, 0.035, 2) * rows + middle
    layer = np.ascontiguousarray(albedo)
    cv2.fillPoly(layer, [np.asarray(corners[:, ::-1], np.int32)], tuple(float(c) for c in rng.random(3)))
    albedo[:] = layer
