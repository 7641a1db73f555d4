"""A small renderer: a camera, light, and points splatted far to near.

Reference: Zwicker et al., "Surface splatting" (SIGGRAPH 2001), here with one-pixel splats on dense
surfaces, which numpy does without a loop.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wreck_core.sample.body import Points, normals
from wreck_core.sample.noise import Field

Vector = NDArray[np.float32]  # (3,)
Colours = NDArray[np.float32]  # (..., 3), RGB, 0-1


@dataclass(frozen=True)
class Camera:
    """A pinhole camera. `axes` rows are right, down and forward; the image is width x height pixels."""

    position: Vector
    axes: NDArray[np.float32]
    focal_px: float
    centre: tuple[float, float]
    width: int
    height: int

    def project(self, points: Points) -> tuple[Field, Field, Field]:
        """Find pixel x, pixel y and depth in metres of points (..., 3)."""
        # OpenCV's transform is ten times as fast as numpy's product with a 3 x 3 matrix.
        move = np.hstack((self.axes, -self.axes @ self.position[:, None]))
        seen = np.asarray(cv2.transform(points.reshape(-1, 1, 3), move), np.float32).reshape(points.shape)
        x, y, depth = seen[..., 0], seen[..., 1], seen[..., 2]
        depth = np.maximum(depth, 0.05)
        return self.centre[0] + self.focal_px * x / depth, self.centre[1] + self.focal_px * y / depth, depth

    def ground(self) -> tuple[Field, Field, Field]:
        """Find ground x, y and depth (each height, width) seen by every pixel; infinite above the horizon."""
        column, row = np.meshgrid(np.arange(self.width), np.arange(self.height))
        rays = np.stack(
            [(column - self.centre[0]) / self.focal_px, (row - self.centre[1]) / self.focal_px, 0 * row + 1],
            -1,
        )
        world = np.asarray(cv2.transform(rays.astype(np.float32), self.axes.T), np.float32)
        below = world[..., 2] < -1e-4
        depth = np.where(below, -self.position[2] / np.where(below, world[..., 2], -1), np.inf)
        reach = np.where(below, depth, 0)
        x, y = (self.position[axis] + reach * world[..., axis] for axis in (0, 1))
        return np.asarray(x, np.float32), np.asarray(y, np.float32), np.asarray(depth, np.float32)


@dataclass(frozen=True)
class Light:
    """Sun direction (towards the sun), the strength of sun and sky, and what shiny things mirror."""

    sun: Vector
    sun_strength: float
    sky: Vector
    ground: Vector
    skyline: NDArray[np.float32]  # height of the mirrored horizon for 256 directions


@dataclass(frozen=True)
class Surface:
    """A sheet of points with its colour (albedo) and its gloss, 0-1."""

    points: Points
    albedo: Colours
    gloss: Field


def shade(surface: Surface, light: Light, camera: Camera) -> tuple[Colours, NDArray[np.bool_]]:
    """Find the colour of every point as the camera sees it, and whether it faces the camera."""
    normal = normals(surface.points)
    view = camera.position - surface.points
    view /= np.linalg.norm(view, axis=2, keepdims=True)
    facing = np.einsum("ijk,ijk->ij", normal, view)
    diffuse = np.clip(normal @ light.sun, 0, 1) * light.sun_strength
    up = (0.5 + 0.5 * normal[..., 2])[..., None]
    ambient = up * light.sky + (1 - up) * light.ground * 0.5
    # Near the ground less sky is seen.
    open_sky = np.clip(0.35 + surface.points[..., 2:3] * 0.9, 0, 1)
    colour = surface.albedo * (diffuse[..., None] + ambient * open_sky * 0.75)

    mirrored = 2 * facing[..., None] * normal - view
    fresnel = (0.05 + 0.65 * (1 - np.clip(facing, 0, 1)) ** 3) * surface.gloss
    colour += fresnel[..., None] * _environment(mirrored, light)
    glint = np.clip(mirrored @ light.sun, 0, 1) ** 70 * surface.gloss * light.sun_strength
    return np.asarray(colour + 0.9 * glint[..., None], np.float32), facing > 0.02


def _environment(direction: Points, light: Light) -> Colours:
    """Find what lies in a direction: sky, the dark skyline before it, or the ground."""
    azimuth = (np.arctan2(direction[..., 1], direction[..., 0]) / (2 * np.pi) * 256).astype(int) % 256
    horizon = light.skyline[azimuth]
    height = direction[..., 2]
    above = np.clip((height - horizon) / 0.06, 0, 1)[..., None]
    sky = light.sky * (1.35 - 0.55 * np.clip(height, 0, 1))[..., None]
    below = np.clip((height + 0.06) / 0.06, 0, 1)[..., None]
    dark = below * light.sky * 0.22 + (1 - below) * light.ground * 0.55
    return np.asarray(above * sky + (1 - above) * dark, np.float32)


def splat(camera: Camera, places: NDArray[np.float32], colours: Colours) -> tuple[Colours, Field]:
    """Draw points far to near: the picture (height, width, 3) and its coverage 0-1.

    `places` (n, 3) are pixel x, pixel y and depth in metres.
    """
    column, row = np.rint(places[:, 0]).astype(np.int32), np.rint(places[:, 1]).astype(np.int32)
    inside = (column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height)
    depth = places[inside, 2]
    nearness = (65535 / (1 + 20 * (depth / depth.min(initial=np.inf) - 1))).astype(np.uint16)
    order = np.argsort(nearness, kind="stable")  # a radix sort: 16-bit keys
    pixel = (row[inside] * camera.width + column[inside])[order]
    picture = np.zeros((camera.height * camera.width, 3), np.float32)
    covered = np.zeros(camera.height * camera.width, np.float32)
    picture[pixel] = colours[inside][order]
    covered[pixel] = 1
    return _close_holes(
        picture.reshape(camera.height, camera.width, 3), covered.reshape(camera.height, camera.width)
    )


def _close_holes(picture: Colours, covered: Field) -> tuple[Colours, Field]:
    closed = cv2.morphologyEx(covered, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    weight = cv2.blur(covered, (3, 3))
    near = cv2.blur(picture, (3, 3)) / np.maximum(weight, 1e-3)[..., None]
    hole = (covered == 0) & (closed > 0)
    picture[hole] = near[hole]
    return picture, np.asarray(closed, np.float32)


def shadow(camera: Camera, points: NDArray[np.float32], light: Light) -> Field:
    """Find how much of the sun every pixel of the ground loses to the points (n, 3): 0-1, hard-edged."""
    fallen = points - light.sun * (points[:, 2:3] / light.sun[2])
    places = np.stack(camera.project(fallen), -1)
    _, covered = splat(camera, places, np.ones_like(places))
    return np.asarray(cv2.morphologyEx(covered, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)), np.float32)
