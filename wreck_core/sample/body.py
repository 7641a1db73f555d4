"""The shape of a car: one lofted sheet of points for the body, discs for wheels, eggs for mirrors.

A surface is an image whose pixels are positions in metres: x forward, y left, z up, the origin on the
ground below the middle of the car. So OpenCV's resize and blur round its edges, and a dent is a
subtraction.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from wreck_core.sample.noise import Field

Points = NDArray[np.float32]  # (rows, columns, 3), metres


class Silhouette(NamedTuple):
    """The side view: where roof and glass are, as fractions of length from the nose and of height."""

    line: tuple[tuple[float, float], ...]
    windscreen: tuple[float, float]
    rear_window: tuple[float, float]
    glass_end: float
    height_m: tuple[float, float]
    length_m: tuple[float, float]


SILHOUETTES = {
    "saloon": Silhouette(
        ((0, 0.5), (0.03, 0.55), (0.29, 0.64), (0.43, 0.96),
         (0.54, 1), (0.68, 0.96), (0.83, 0.69), (1, 0.62)),
        (0.30, 0.42), (0.70, 0.82), 0.82, (1.40, 1.50), (4.3, 4.9),
    ),
    "hatchback": Silhouette(
        ((0, 0.48), (0.04, 0.54), (0.25, 0.63), (0.41, 0.96),
         (0.55, 1), (0.84, 0.94), (0.95, 0.64), (1, 0.55)),
        (0.26, 0.40), (0.86, 0.94), 0.90, (1.42, 1.56), (3.6, 4.3),
    ),
    "estate": Silhouette(
        ((0, 0.5), (0.04, 0.55), (0.27, 0.63), (0.41, 0.96),
         (0.55, 1), (0.90, 0.95), (0.97, 0.62), (1, 0.55)),
        (0.28, 0.40), (0.91, 0.96), 0.93, (1.45, 1.55), (4.4, 4.9),
    ),
    "suv": Silhouette(
        ((0, 0.52), (0.03, 0.6), (0.27, 0.66), (0.37, 0.96), (0.5, 1), (0.91, 0.97), (0.97, 0.62), (1, 0.52)),
        (0.28, 0.36), (0.92, 0.96), 0.93, (1.62, 1.85), (4.2, 4.8),
    ),
    "van": Silhouette(
        ((0, 0.4), (0.04, 0.46), (0.15, 0.56), (0.28, 0.95), (0.4, 1), (0.96, 0.98), (0.99, 0.6), (1, 0.5)),
        (0.16, 0.27), (0.97, 0.985), 0.46, (1.80, 2.05), (4.3, 5.0),
    ),
    "pickup": Silhouette(
        ((0, 0.52), (0.03, 0.6), (0.28, 0.66), (0.38, 0.96), (0.45, 1),
         (0.56, 0.97), (0.61, 0.62), (1, 0.61)),
        (0.29, 0.37), (0.565, 0.605), 0.60, (1.68, 1.82), (4.8, 5.2),
    ),
    "coupe": Silhouette(
        ((0, 0.46), (0.04, 0.54), (0.33, 0.66), (0.48, 0.97),
         (0.55, 1), (0.70, 0.92), (0.90, 0.68), (1, 0.62)),
        (0.34, 0.47), (0.71, 0.87), 0.84, (1.25, 1.35), (4.1, 4.6),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Design:
    """The measures of one car in metres."""

    shape: Silhouette
    length: float
    width: float
    height: float
    clearance: float
    wheel_radius: float
    axles: tuple[float, float]  # x of the front and the rear axle

    @property
    def half_width(self) -> float:
        """From the middle to the outside."""
        return self.width / 2


def design(rng: np.random.Generator) -> Design:
    """Choose a kind of car and its measures."""
    shape = SILHOUETTES[str(rng.choice(list(SILHOUETTES)))]
    length, height = rng.uniform(*shape.length_m), rng.uniform(*shape.height_m)
    radius = 0.19 * height + rng.uniform(0.0, 0.05)
    return Design(
        shape=shape,
        length=length,
        width=rng.uniform(1.62, 1.80) + 0.08 * (height > 1.6),
        height=height,
        clearance=rng.uniform(0.16, 0.22) + 0.06 * (height > 1.6),
        wheel_radius=radius,
        axles=(length / 2 - rng.uniform(0.17, 0.20) * length, -length / 2 + rng.uniform(0.17, 0.21) * length),
    )


@dataclass(frozen=True)
class Sheet:
    """The body's surface and, for each of its points, where on the car it lies.

    `points` (rows, columns, 3): rows run from nose to tail, columns from the right sill over the roof to
    the left. `along` is the fraction of length, `around` 0 at a sill and 1 at the middle of the roof,
    `top` and `belt` the heights of the roof line and of the windows' lower edge there.
    """

    points: Points
    along: Field
    around: Field
    top: Field
    belt: Field


KNOTS = (0.0, 0.08, 0.14, 0.28, 0.42, 0.66, 0.72, 1.0)  # `around` at the control points of a section
CAP = 0.09  # part of the rows that closes the nose, and the tail


def body(car: Design, rows: int, columns: int) -> Sheet:
    """Loft the body through its cross-sections."""
    step = np.linspace(0, 1, rows, dtype=np.float32)
    line = np.asarray(car.shape.line, np.float32)
    along = _even_steps(line * (car.length, car.height), np.clip((step - CAP) / (1 - 2 * CAP), 0, 1))
    # A cap shrinks the last section to a point, which closes the front and the rear.
    shrink = np.sqrt(np.clip(np.minimum(step, 1 - step) / CAP, 0, 1))
    top = np.interp(along, line[:, 0], line[:, 1]).astype(np.float32) * car.height
    belt = np.minimum(car.height * (0.60 + 0.04 * along), top - 0.03).astype(np.float32)

    from_end = np.minimum(along, 1 - along) * car.length
    plan = 0.86 + 0.14 * np.sqrt(1 - (1 - np.clip(from_end / 0.7, 0, 1)) ** 2)
    half = car.half_width * plan
    lean = np.clip(0.96 - 0.42 * (top - belt), 0.70, 0.96)
    low = car.clearance + 0.10 * np.clip(1 - from_end / 0.5, 0, 1)
    y = np.stack(
        [0 * half, 0.86 * half, 0.97 * half, half, 0.97 * half, lean * half, 0.88 * lean * half, 0 * half], 1
    )
    z = np.stack(
        [low, low, low + 0.07, low + 0.3, belt, belt + 0.92 * (top - belt), top, top + 0.03 * car.height], 1
    )
    around = 1 - np.abs(np.linspace(-1, 1, columns, dtype=np.float32))
    side = np.where(np.arange(columns) < columns / 2, -1.0, 1.0)
    section_y = np.stack([np.interp(around, KNOTS, row) for row in y]) * side
    section_z = np.stack([np.interp(around, KNOTS, row) for row in z])
    middle = (low + 0.55 * (top - low))[:, None]
    bulge = 0.07 * (1 - shrink**2) * np.sign(0.5 - step)
    points = np.empty((rows, columns, 3), np.float32)
    points[..., 0] = ((0.5 - along) * car.length + bulge)[:, None]
    points[..., 1] = section_y * shrink[:, None]
    points[..., 2] = middle + (section_z - middle) * shrink[:, None]
    points = _round_edges(points, rows * 0.007, columns * 0.008)
    whole = np.ones((rows, columns), np.float32)
    return Sheet(points, along[:, None] * whole, around * whole, top[:, None] * whole, belt[:, None] * whole)


def _round_edges(points: Points, rows_sigma: float, columns_sigma: float) -> Points:
    """Blur a closed sheet across its seam below the car and across the poles of its caps."""
    border = int(4 * max(rows_sigma, columns_sigma)) + 1
    half_turn = np.roll(points, points.shape[1] // 2, axis=1)
    closed = np.concatenate((half_turn[border:0:-1], points, half_turn[-2 : -border - 2 : -1]))
    closed = np.pad(closed, ((0, 0), (border, border), (0, 0)), mode="wrap")
    blurred = cv2.GaussianBlur(closed, (0, 0), sigmaX=columns_sigma, sigmaY=rows_sigma)
    return np.ascontiguousarray(blurred[border:-border, border:-border], np.float32)


def _even_steps(line: NDArray[np.floating], step: Field) -> Field:
    """Fractions of length that lie evenly along the roof line, so that steep screens get points enough."""
    x = np.linspace(0, line[-1, 0], 2000)
    path = np.cumsum(np.hypot(np.gradient(x), np.gradient(np.interp(x, line[:, 0], line[:, 1]))))
    return np.asarray(np.interp(step, (path - path[0]) / (path[-1] - path[0]), x / x[-1]), np.float32)


def normals(points: Points) -> Points:
    """Find the unit normals of a surface; they point outward for the surfaces of this module."""
    down = np.gradient(points, axis=0)
    across = np.gradient(points, axis=1)
    normal = np.cross(across, down)
    length = np.linalg.norm(normal, axis=2, keepdims=True)
    return np.asarray(normal / np.maximum(length, 1e-9), np.float32)


def wheel(car: Design, axle: int, side: int, density: float) -> tuple[Points, Field, Field]:
    """One wheel: points, distance from the hub (0-1) and angle, of a domed face and the tread.

    `side` is 1 for left and -1 for right; `density` points per metre.
    """
    radius = car.wheel_radius
    rings, spokes = max(int(1.6 * radius * density), 12), max(int(7 * radius * density), 40)
    # The profile runs from the hub over the rim to the shoulder and back along the tread.
    reach = np.interp(np.linspace(0, 1, rings), (0, 0.62, 0.68, 0.78, 1), (0, 0.64, 0.70, 1, 1))
    depth = np.interp(np.linspace(0, 1, rings), (0, 0.60, 0.66, 0.78, 1), (0.03, 0.05, 0.0, 0.02, 0.22))
    angle = np.linspace(0, 2 * np.pi, spokes)
    points = np.empty((rings, spokes, 3), np.float32)
    points[..., 0] = car.axles[axle] + radius * reach[:, None] * np.cos(angle)
    points[..., 2] = radius + radius * reach[:, None] * np.sin(angle)
    points[..., 1] = side * (car.half_width + 0.02 - depth[:, None])
    if side < 0:  # keep the normals outward
        points = points[:, ::-1]
        angle = angle[::-1]
    whole = np.ones((rings, spokes), np.float32)
    return points, np.asarray(reach[:, None] * whole, np.float32), np.asarray(angle * whole, np.float32)


def mirror(car: Design, side: int, density: float) -> Points:
    """One door mirror: a flattened egg beside the windscreen's foot."""
    count = max(int(0.5 * density), 14)
    polar, angle = np.meshgrid(np.linspace(0, np.pi, count), np.linspace(0, 2 * np.pi, count), indexing="ij")
    points = np.empty((count, count, 3), np.float32)
    points[..., 0] = (0.46 - car.shape.windscreen[0]) * car.length + 0.06 * np.sin(polar) * np.cos(angle)
    points[..., 1] = side * (car.half_width + 0.09) + 0.11 * np.cos(polar)
    points[..., 2] = car.height * 0.66 + 0.08 * np.sin(polar) * np.sin(angle)
    return points
