"""Where the car stands: ground in perspective, a backdrop, light, and clutter."""

import cv2
import numpy as np
from numpy.typing import NDArray

from wreck_core.sample.noise import Field, clouds
from wreck_core.sample.render import Camera, Colours, Light

PLACES = ("street", "field", "wall", "garage")
TILE_M = 8.0  # the ground's texture repeats after this
TILE_PX = 512


def light(rng: np.random.Generator, place: str) -> Light:
    """Choose the light of a place: sunny, dull or, in a garage, lamps overhead."""
    turn, height = rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 1.1)
    sun = np.asarray(
        (np.cos(turn) * np.cos(height), np.sin(turn) * np.cos(height), np.sin(height)), np.float32
    )
    strength = rng.uniform(0.0, 0.2) if rng.random() < 0.4 else rng.uniform(0.4, 0.95)
    sky = np.asarray((0.80, 0.88, 1.0)) * rng.uniform(0.75, 1.0)
    if place == "garage":
        sun, strength = np.asarray((0.2, 0.1, 0.97), np.float32), rng.uniform(0.3, 0.6)
        sky = np.asarray((1.0, 0.95, 0.85)) * rng.uniform(0.45, 0.75)
    elif rng.random() < 0.25:
        sky = sky * (1.05, 0.92, 0.78)
    skyline = clouds(rng, (1, 256), 24)[0] * rng.uniform(0.1, 0.5)
    ground = np.asarray((0.36, 0.35, 0.33))
    return Light(sun, float(strength), sky.astype(np.float32), ground.astype(np.float32), skyline)


def paint_scene(rng: np.random.Generator, place: str, camera: Camera, sky: Colours) -> Colours:
    """Paint ground and backdrop: RGB float32 (height, width, 3), 0-1."""
    x, y, depth = camera.ground()
    picture = _ground(rng, place, x, y)
    far = {"street": rng.uniform(9, 25), "field": rng.uniform(25, 60)}.get(place, rng.uniform(5.5, 8.5))
    behind = depth > far + np.linalg.norm(camera.position[:2]) - 2
    foot = int(np.clip(behind.sum(axis=0).max(), 8, camera.height))
    pixel_m = camera.focal_px / (far + 6)
    painter = {"street": _houses, "field": _trees, "wall": _bricks, "garage": _workshop}[place]
    backdrop = painter(rng, foot, camera.width, pixel_m, sky)
    top = picture[:foot]
    top[behind[:foot]] = backdrop[behind[:foot]]
    haze = np.clip(depth / 90, 0, 0.35)[..., None]
    return np.asarray(picture * (1 - haze) + sky * 0.8 * haze, np.float32)


def _ground(rng: np.random.Generator, place: str, x: Field, y: Field) -> Colours:
    tone = {
        "street": (0.33, 0.33, 0.34), "field": (0.27, 0.33, 0.13),
        "wall": (0.45, 0.43, 0.40), "garage": (0.52, 0.51, 0.49),
    }[place]  # fmt: skip
    if place == "field" and rng.random() < 0.4:
        tone = (0.45, 0.38, 0.27)
    grain = (
        clouds(rng, (TILE_PX, TILE_PX), 5, octaves=2) * 0.5
        + clouds(rng, (TILE_PX, TILE_PX), 120) * 0.9
        + 0.35
    )
    turn = rng.uniform(0, np.pi)
    cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    across, along = x * cosine - y * sine, x * sine + y * cosine
    scale = TILE_PX / TILE_M
    rough = cv2.remap(grain, across * scale % TILE_PX, along * scale % TILE_PX, cv2.INTER_LINEAR)
    picture = np.asarray(tone, np.float32) * rng.uniform(0.7, 1.25) * rough[..., None]
    if place in ("street", "wall") and rng.random() < 0.7:
        paint = (np.abs(across % rng.uniform(2.4, 5.0) - 1.2) < 0.06) & (rough > 0.75)
        picture[paint & (np.abs(across) < 30)] = 0.78
    if place in ("garage", "wall") and rng.random() < 0.6:
        size = rng.uniform(0.4, 1.5)
        picture[(across % size < 0.018) | (along % size < 0.018)] *= 0.7
    stains = np.clip(cv2.resize(clouds(rng, (64, 64), 20), x.shape[::-1]) * 3 - 2, 0, 1)
    return np.asarray(picture * (1 - 0.4 * stains[..., None]), np.float32)


def _sky(rng: np.random.Generator, height: int, width: int, sky: Colours) -> Colours:
    drop = np.linspace(0.75, 1.05, height)[:, None, None]
    cover = np.clip(clouds(rng, (height, width), width / 3) * 2.4 - 0.9, 0, 1)[..., None]
    blue = np.asarray((0.45, 0.62, 0.9)) * drop
    return np.asarray(blue * (1 - cover) + sky * drop * cover, np.float32)


def _trees(rng: np.random.Generator, height: int, width: int, pixel_m: float, sky: Colours) -> Colours:
    picture = _sky(rng, height, width, sky)
    for layer in range(rng.integers(1, 4)):
        tall = rng.uniform(2, 8) * pixel_m * (1 - 0.2 * layer)
        edge = height - tall * (0.4 + clouds(rng, (1, width), max(width / 7, 8), octaves=5)[0])
        leaves = clouds(rng, (height, width), max(0.6 * pixel_m, 3))[..., None]
        green = np.asarray((0.16, 0.24, 0.10)) * rng.uniform(0.5, 1.5)
        mask = np.arange(height)[:, None] > edge
        picture[mask] = (green * (0.4 + 1.2 * leaves))[mask]
    return picture


def _houses(rng: np.random.Generator, height: int, width: int, pixel_m: float, sky: Colours) -> Colours:
    picture = (
        _trees(rng, height, width, pixel_m, sky) if rng.random() < 0.5 else _sky(rng, height, width, sky)
    )
    left = int(-rng.uniform(0, 4) * pixel_m)
    while left < width:
        broad, tall = int(rng.uniform(4, 14) * pixel_m) + 4, int(rng.uniform(3, 12) * pixel_m)
        top = max(height - tall, 0)
        colour = rng.uniform(0.25, 0.8) * np.asarray((1, 0.93, 0.85)) * rng.uniform(0.85, 1.1, 3)
        house = picture[top:, max(left, 0) : max(left + broad, 0)]
        house[:] = colour * (0.8 + 0.3 * clouds(rng, (max(height - top, 1), 1), 9)[: house.shape[0], :, None])
        wide, step = rng.uniform(0.8, 1.6) * pixel_m, rng.uniform(2.2, 3.2) * pixel_m
        glass = rng.uniform(0.08, 0.3, 3)
        for row in np.arange(top + 0.5 * step, height - 0.4 * step, step):
            for column in np.arange(left + 0.4 * step, left + broad - wide, step):
                corner = int(column + wide), int(row + 0.5 * step)
                shade = tuple(float(c) for c in glass * rng.uniform(0.6, 1.8))
                cv2.rectangle(picture, (int(column), int(row)), corner, shade, -1)
        left += broad + int(rng.choice((0, 0, rng.uniform(0.5, 4))) * pixel_m)
    return picture


def _bricks(rng: np.random.Generator, height: int, width: int, pixel_m: float, sky: Colours) -> Colours:
    colour = np.asarray(((0.48, 0.25, 0.18), (0.60, 0.57, 0.52), (0.70, 0.66, 0.55))[rng.integers(3)])
    rise, run = max(0.16 * pixel_m, 3), max(0.5 * pixel_m, 7)
    row, column = np.mgrid[0:height, 0:width].astype(np.float32)
    course = row // rise
    column = column + (course % 2) * run / 2
    tones = rng.uniform(0.75, 1.15, (int(height / rise) + 2, int(width / run) + 3))
    wall = colour * tones[course.astype(int), (column // run).astype(int)][..., None]
    wall[(row % rise < 0.12 * rise + 0.4) | (column % run < 0.04 * run + 0.4)] = colour * 0.6 + 0.15
    wall *= 0.7 + 0.5 * clouds(rng, (height, width), width / 2)[..., None]
    if rng.random() < 0.4:
        for _ in range(rng.integers(1, 5)):
            start = rng.integers(0, width), int(height * rng.uniform(0.3, 0.9))
            size = (int(rng.uniform(0.05, 0.2) * width), int(rng.uniform(0.02, 0.1) * width))
            tag = tuple(float(c) for c in rng.random(3))
            angle = float(rng.uniform(-30, 30))
            cv2.ellipse(wall, (int(start[0]), start[1]), size, angle, 0, 300, tag, 3, cv2.LINE_AA)
    return np.asarray(wall * sky.mean(), np.float32)


def _workshop(rng: np.random.Generator, height: int, width: int, pixel_m: float, sky: Colours) -> Colours:
    tone = rng.uniform(0.35, 0.75) * np.asarray((1, 0.98, 0.93))
    wall = tone * (0.8 + 0.3 * clouds(rng, (height, width), width / 2)[..., None])
    wall[int(height - pixel_m * rng.uniform(0.2, 1.2)) :] *= rng.uniform(0.5, 1.2, 3)
    if rng.random() < 0.6:
        left, broad = int(rng.uniform(-0.2, 0.7) * width), int(rng.uniform(2.5, 4) * pixel_m)
        door = wall[max(height - int(2.6 * pixel_m), 0) :, max(left, 0) : left + broad]
        slats = np.arange(door.shape[0]) % max(int(0.25 * pixel_m), 3) < 2
        door[:] = rng.uniform(0.3, 0.8, 3)
        door[slats] *= 0.6
    for _ in range(rng.integers(4, 22)):
        left, foot = int(rng.integers(0, width)), height - int(rng.uniform(0, 2.2) * pixel_m)
        size = (rng.uniform(0.15, 0.8, 2) * pixel_m).astype(int)
        colour = tuple(float(c) for c in rng.uniform(0.05, 0.8, 3))
        cv2.rectangle(wall, (int(left), foot), (int(left + size[0]), int(foot - size[1])), colour, -1)
    for _ in range(rng.integers(0, 3)):
        left, top = int(rng.integers(0, width)), int(rng.integers(0, max(height // 4, 1)))
        cv2.rectangle(
            wall, (int(left), int(top)), (int(left + 0.2 * width), int(top + 5)), (1.4, 1.4, 1.3), -1
        )
    return np.asarray(wall * sky.mean(), np.float32)


def dapple(rng: np.random.Generator, height: int, width: int) -> Field:
    """Draw the shade of leaves over a whole picture: (height, width), 0.4-1."""
    leaves = np.clip(clouds(rng, (height, width), width / rng.uniform(4, 12)) * 6 - 2.6, 0, 1)
    return np.asarray(1 - rng.uniform(0.25, 0.6) * leaves, np.float32)


def litter(rng: np.random.Generator, camera: Camera, picture: Colours, count: int) -> None:
    """Strew `count` small pieces on the ground around the car, in place."""
    spots = np.zeros((count, 3), np.float32)
    spots[:, 0], spots[:, 1] = rng.uniform(-3.6, 3.6, count), rng.uniform(-2.6, 2.6, count)
    x, y, depth = camera.project(spots)
    for column, row, away in zip(x, y, depth, strict=True):
        size = camera.focal_px / away * rng.uniform(0.02, 0.09)
        shape = rng.normal(0, 1, (rng.integers(3, 6), 2)) * (size, size * 0.4)
        shade = tuple(float(c) for c in rng.uniform(0.03, 0.7) * rng.uniform(0.9, 1.1, 3))
        piece: NDArray[np.int32] = np.asarray(shape + np.asarray((column, row)), np.int32)
        cv2.fillPoly(picture, [cv2.convexHull(piece)], shade, cv2.LINE_AA)


def foreground(rng: np.random.Generator, camera: Camera, picture: Colours) -> None:
    """Sometimes put a cone, a post or a kerb stone before the car, in place."""
    side = camera.position[:2] / np.linalg.norm(camera.position[:2])
    across = np.asarray((-side[1], side[0]))
    for _ in range(rng.choice(3, p=(0.65, 0.25, 0.1))):
        spot = np.asarray(
            (*(side * rng.uniform(1.6, 2.6) + across * rng.uniform(-3.2, 3.2)), 0.0), np.float32
        )
        x, y, depth = (float(value) for value in camera.project(spot))
        size = camera.focal_px / depth
        if rng.random() < 0.5:
            cone = np.asarray(((-0.14, 0), (0.14, 0), (0.03, -0.5), (-0.03, -0.5))) * size + (x, y)
            cv2.fillConvexPoly(picture, cone.astype(np.int32), (0.85, 0.32, 0.08), cv2.LINE_AA)
            band = np.asarray(((-0.09, -0.2), (0.09, -0.2), (0.07, -0.3), (-0.07, -0.3))) * size + (x, y)
            cv2.fillConvexPoly(picture, band.astype(np.int32), (0.9, 0.9, 0.9), cv2.LINE_AA)
        else:
            tone = float(rng.uniform(0.1, 0.6))
            corner = int(x + 0.04 * size), int(y - rng.uniform(0.7, 2.5) * size)
            cv2.rectangle(picture, (int(x - 0.04 * size), int(y)), corner, (tone, tone, tone * 0.95), -1)
