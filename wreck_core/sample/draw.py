"""Draw one photo of one car."""

import cv2
import numpy as np
from numpy.typing import NDArray

from wreck_core.images import Image
from wreck_core.sample import scene
from wreck_core.sample.body import Design, Points, body, design, mirror, wheel
from wreck_core.sample.damage import Wreckage, wreck
from wreck_core.sample.paint import coat, distract, find_parts
from wreck_core.sample.render import Camera, Colours, Light, Surface, shade, shadow, splat

OVERSAMPLE = 1.15  # drawn larger, then shrunk: softens the edges
DENSITY = 0.45  # points per pixel while a car is built, damaged and shaded
REFINE = 2.3  # times more before they are drawn, so that the splats leave no holes


def draw_car(seed: int, damaged: bool) -> Image:
    """Draw a car photo: RGB uint8 (H, W, 3), 0-255, longer side 320-800 pixels.

    The same `seed` and `damaged` give the same pixels. Kind of car, colour, view, light, place, dirt
    and camera faults are drawn from the same distributions for both labels; litter is likelier after a crash.
    """
    rng = np.random.default_rng((seed, int(damaged)))
    car = design(rng)
    width = int(min(320 + rng.gamma(2.0, 40), 800))
    camera = _aim(rng, car, (width, int(width * rng.choice((0.56, 0.67, 0.75, 0.75)))))
    place = str(rng.choice(scene.PLACES, p=(0.4, 0.25, 0.2, 0.15)))
    light = scene.light(rng, place)

    surfaces = _build(rng, car, camera, damaged=damaged)
    picture = scene.paint_scene(rng, place, camera, light.sky)
    _cast_shadow(picture, camera, light, surfaces)
    if rng.random() < (0.6 if damaged else 0.2):
        scene.litter(rng, camera, picture, int(rng.integers(4, 40)))
    _put(picture, camera, light, surfaces)
    scene.foreground(rng, camera, picture)
    if place != "garage" and rng.random() < 0.12:
        picture *= scene.dapple(rng, camera.height, camera.width)[..., None]
    return _expose(rng, picture, width)


def _aim(rng: np.random.Generator, car: Design, size: tuple[int, int]) -> Camera:
    """Stand somewhere around the car, mostly off a corner, and frame it."""
    width, height = (round(side * OVERSAMPLE) for side in size)
    corner = rng.choice((0.0, 0.5, 1.0, 1.5)) * np.pi + rng.choice((0.25, -0.25)) * np.pi
    turn = corner + rng.normal(0, 0.35)
    distance, eye = rng.uniform(4.8, 8.5), rng.uniform(1.0, 2.1) + 1.5 * (rng.random() < 0.15)
    position = np.asarray((distance * np.cos(turn), distance * np.sin(turn), eye))
    target = np.asarray((rng.normal(0, 0.15), rng.normal(0, 0.1), 0.45 * car.height))
    forward = (target - position) / np.linalg.norm(target - position)
    right = np.cross(forward, (0, 0, 1.0))
    right /= np.linalg.norm(right)
    roll = rng.normal(0, 0.025)
    down = np.cross(forward, right)
    right, down = right * np.cos(roll) + down * np.sin(roll), down * np.cos(roll) - right * np.sin(roll)
    axes = np.asarray((right, down, forward), np.float32)

    reach = np.asarray((car.length / 2, car.half_width, car.height / 2))
    corners = np.stack(np.meshgrid(*np.stack((-reach, reach), 1)), -1).reshape(-1, 3)
    seen = (corners + np.asarray((0, 0, car.height / 2)) - position) @ axes.T
    wide, tall = np.ptp(seen[:, :2] / seen[:, 2:], axis=0)
    focal = rng.uniform(0.74, 1.05) * min(width / wide, height / tall)
    centre = width * rng.uniform(0.43, 0.57), height * rng.uniform(0.42, 0.60)
    return Camera(position.astype(np.float32), axes, float(focal), centre, width, height)


def _build(rng: np.random.Generator, car: Design, camera: Camera, *, damaged: bool) -> list[Surface]:
    """Build, paint and, when asked, wreck the car."""
    density = DENSITY * camera.focal_px / (float(np.linalg.norm(camera.position)) - 1.5)
    rows, columns = int(1.25 * car.length * density), int(2.6 * car.height * density + car.width * density)
    sheet = body(car, rows, columns)
    parts = find_parts(car, sheet)
    albedo, gloss = coat(rng, sheet, parts)
    distract(rng, sheet, parts, albedo, gloss)
    wreckage = Wreckage(car, sheet, parts, albedo, gloss)
    if damaged:
        wreck(rng, wreckage, camera.position)
    surfaces = [Surface(sheet.points, albedo, gloss)]
    tint = rng.uniform(0.25, 0.8)
    spokes = int(rng.choice((5, 6, 7, 10)))
    for axle in (0, 1):
        for side in (1, -1):
            if (axle, side) not in wreckage.lost_wheels:
                surfaces.append(_wheel(car, (axle, side), density, (tint, spokes)))
    for side in (1, -1):
        if side not in wreckage.lost_mirrors:
            points = mirror(car, side, density)
            colour = np.broadcast_to(albedo[rows // 2, columns // 2], points.shape)
            surfaces.append(Surface(points, np.asarray(colour), np.full(points.shape[:2], 0.5, np.float32)))
    return surfaces


def _wheel(car: Design, place: tuple[int, int], density: float, rim: tuple[float, int]) -> Surface:
    """Build a wheel with a rim of `rim` = (brightness, number of spokes)."""
    points, reach, angle = wheel(car, *place, density)
    tint, spokes = rim
    albedo = np.full(points.shape, 0.035, np.float32)
    metal = (reach < 0.66) & ((np.cos(angle * spokes) > -0.15) | (reach < 0.16) | (reach > 0.58))
    albedo[metal] = tint
    return Surface(points, albedo, np.where(metal, 0.5, 0.05).astype(np.float32))


def _put(picture: Colours, camera: Camera, light: Light, surfaces: list[Surface]) -> None:
    """Draw the surfaces into the picture, in place."""
    places: list[Points] = []
    colours: list[Colours] = []
    for surface in surfaces:
        colour, facing = shade(surface, light, camera)
        visible = _refine(facing.astype(np.float32)) > 0.5
        places.append(_refine(np.stack(camera.project(surface.points), -1))[visible])
        colours.append(_refine(colour)[visible])
    drawn, covered = splat(camera, np.concatenate(places), np.concatenate(colours))
    picture[covered > 0] = drawn[covered > 0]


def _refine(grid: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(grid, None, fx=REFINE, fy=REFINE), np.float32)


def _cast_shadow(picture: Colours, camera: Camera, light: Light, surfaces: list[Surface]) -> None:
    """Darken the ground: the sun's shadow, and the soft dark below the car."""
    points = np.concatenate([surface.points[::2, ::2].reshape(-1, 3) for surface in surfaces])
    soft = camera.width * 0.012
    if light.sun_strength > 0.05:
        hard = cv2.GaussianBlur(shadow(camera, points, light), (0, 0), 0.3 * soft)
        picture *= (1 - 0.75 * light.sun_strength * hard)[..., None]
    overhead = Light(np.asarray((0, 0, 1), np.float32), 1, light.sky, light.ground, light.skyline)
    below = cv2.GaussianBlur(shadow(camera, points, overhead), (0, 0), soft)
    picture *= (1 - 0.8 * below)[..., None]


def _expose(rng: np.random.Generator, picture: Colours, width: int) -> Image:
    """Turn light into a photo: exposure, colour cast, soft focus, noise, 8 bits."""
    light = np.clip(picture * rng.uniform(0.85, 1.4) * rng.normal(1, 0.03, 3), 0, None)
    light **= 1 / rng.uniform(1.0, 1.35)
    height = round(picture.shape[0] * width / picture.shape[1])
    small = cv2.resize(light.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.3, 1.1))
    small = small + rng.normal(0, rng.uniform(0.003, 0.03), small.shape)
    return np.asarray(np.clip(small * 255, 0, 255), np.uint8)
