from collections.abc import Callable

import numpy as np
import pytest

from wreck_core.sample import damage
from wreck_core.sample.body import body, design
from wreck_core.sample.damage import Wreckage
from wreck_core.sample.paint import coat, find_parts

EYE = np.asarray((4.0, 4.0, 1.5), np.float32)  # off the front left corner


def whole_car(seed: int = 4) -> Wreckage:
    rng = np.random.default_rng(seed)
    car = design(rng)
    sheet = body(car, 260, 240)
    parts = find_parts(car, sheet)
    albedo, gloss = coat(rng, sheet, parts)
    return Wreckage(car, sheet, parts, albedo, gloss)


def front_left(wreckage: Wreckage) -> np.ndarray:
    """The point of the sheet that is nearest to the corner."""
    corner = np.asarray((wreckage.car.length / 2, wreckage.car.half_width, 0.6), np.float32)
    points = wreckage.sheet.points.reshape(-1, 3)
    return np.asarray(points[np.argmin(np.linalg.norm(points - corner, axis=1))])


@pytest.mark.parametrize("kind", [damage.dent, damage.crumple])
def test_pressed_sheet_moves_near_the_hit_and_nowhere_else(kind: Callable[..., None]) -> None:
    wreckage = whole_car()
    before = wreckage.sheet.points.copy()
    target = front_left(wreckage)
    kind(np.random.default_rng(1), wreckage, target)
    moved = np.linalg.norm(wreckage.sheet.points - before, axis=2)
    distance = np.linalg.norm(before - target, axis=2)
    assert moved.max() > 0.02
    assert moved[distance > 2.2].max() == 0


def test_scratches_change_the_paint_and_spare_the_glass() -> None:
    wreckage = whole_car()
    before = wreckage.albedo.copy()
    damage.scratch(np.random.default_rng(1), wreckage, front_left(wreckage))
    changed = (wreckage.albedo != before).any(axis=2)
    assert changed.any()
    assert not (changed & wreckage.parts.glass).any()


def test_cracks_stay_within_the_glass() -> None:
    for seed in range(4):
        wreckage = whole_car()
        before = wreckage.albedo.copy()
        damage.crack_glass(np.random.default_rng(seed), wreckage, front_left(wreckage))
        changed = (wreckage.albedo != before).any(axis=2)
        assert changed.any()
        assert not (changed & ~wreckage.parts.glass).any()


def test_each_part_can_be_lost() -> None:
    lost = set()
    for seed in range(24):
        wreckage = whole_car()
        before = wreckage.albedo.copy()
        damage.lose_part(np.random.default_rng(seed), wreckage, front_left(wreckage))
        changed = (wreckage.albedo != before).any(axis=2)
        lost.add("wheel" if wreckage.lost_wheels else "mirror" if wreckage.lost_mirrors else "sheet")
        if changed.any():
            parts = wreckage.parts
            assert not (changed & ~(parts.bumpers | parts.front_lamps | parts.rear_lamps)).any()
    assert lost == {"wheel", "mirror", "sheet"}


def test_a_wreck_looks_other_than_the_car_that_it_was() -> None:
    for seed in range(6):
        wreckage = whole_car(seed)
        points, albedo = wreckage.sheet.points.copy(), wreckage.albedo.copy()
        damage.wreck(np.random.default_rng(seed), wreckage, EYE)
        same = np.array_equal(points, wreckage.sheet.points) and np.array_equal(albedo, wreckage.albedo)
        assert not same or wreckage.lost_wheels or wreckage.lost_mirrors
        assert np.isfinite(wreckage.sheet.points).all()
        assert wreckage.albedo.min() >= 0
        assert wreckage.albedo.max() <= 1.05
