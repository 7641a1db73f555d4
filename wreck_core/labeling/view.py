"""Where a picture lies on a canvas, and back. Pure arithmetic: no OpenCV, no state."""

import math
from dataclasses import dataclass, replace
from typing import Self

MOST_ZOOM = 16.0
Point = tuple[float, float]
Rectangle = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(frozen=True)
class View:
    """A picture of width x height pixels on a canvas.

    At `zoom` 1 it is fitted whole and centred, enlarged at most `max_scale` times. Beyond, `centre`
    (in parts 0-1 of the picture) lies in the middle, as far as no edge comes inside the canvas.
    """

    width: int
    height: int
    canvas_width: int
    canvas_height: int
    max_scale: float = 3.0
    zoom: float = 1.0
    centre: Point = (0.5, 0.5)

    @property
    def scale(self) -> float:
        """Canvas pixels for one picture pixel."""
        fit = min(self.canvas_width / self.width, self.canvas_height / self.height, self.max_scale)
        return fit * self.zoom

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole picture at this scale, at least 1."""
        return max(1, round(self.width * self.scale)), max(1, round(self.height * self.scale))

    @property
    def origin(self) -> tuple[int, int]:
        """Canvas place of the picture's upper left corner; negative when it lies outside."""
        (x, y), (width, height) = self.centre, self.size
        return _start(self.canvas_width, width, x), _start(self.canvas_height, height, y)

    def to_canvas(self, x: float, y: float) -> Point:
        """Place of a point given in parts (0-1) of the picture."""
        (left, top), (width, height) = self.origin, self.size
        return left + x * width, top + y * height

    def to_picture(self, canvas_x: float, canvas_y: float) -> Point:
        """Parts (0-1) of the picture at a place of the canvas, clamped: the mouse may lie outside."""
        (left, top), (width, height) = self.origin, self.size
        return _clamp((canvas_x - left) / width), _clamp((canvas_y - top) / height)

    def zoomed(self, factor: float, at: Point | None = None) -> Self:
        """Come nearer or go back; the point of the picture at the canvas place `at` stays where it is."""
        at = at or (self.canvas_width / 2, self.canvas_height / 2)
        x, y = self.to_picture(*at)
        nearer = replace(self, zoom=min(MOST_ZOOM, max(1.0, self.zoom * factor)))
        width, height = nearer.size
        return replace(
            nearer,
            centre=(
                x + (self.canvas_width / 2 - at[0]) / width,
                y + (self.canvas_height / 2 - at[1]) / height,
            ),
        )._kept()

    def panned(self, right: float, down: float) -> Self:
        """Move the sight by parts of the canvas."""
        (x, y), (width, height) = self.centre, self.size
        moved = (x + right * self.canvas_width / width, y + down * self.canvas_height / height)
        return replace(self, centre=moved)._kept()

    def on_canvas(self, canvas_width: int, canvas_height: int) -> Self:
        """Look the same way at the same place on a canvas of another size."""
        return replace(self, canvas_width=canvas_width, canvas_height=canvas_height)._kept()

    def visible(self) -> Rectangle:
        """Give the picture pixels that reach into the canvas."""
        left, top = self.to_picture(0, 0)
        right, bottom = self.to_picture(self.canvas_width, self.canvas_height)
        return (
            min(self.width - 1, math.floor(left * self.width)),
            min(self.height - 1, math.floor(top * self.height)),
            max(1, math.ceil(right * self.width)),
            max(1, math.ceil(bottom * self.height)),
        )

    def _kept(self) -> Self:
        """Pull the centre back until no edge lies inside the canvas."""
        (x, y), (width, height) = self.centre, self.size
        return replace(
            self, centre=(_inside(x, self.canvas_width, width), _inside(y, self.canvas_height, height))
        )


def _start(canvas: int, size: int, centre: float) -> int:
    if size <= canvas:
        return (canvas - size) // 2
    return min(0, max(canvas - size, round(canvas / 2 - centre * size)))


def _inside(centre: float, canvas: int, size: int) -> float:
    half = min(0.5, canvas / 2 / size)
    return min(1 - half, max(half, centre))


def _clamp(part: float) -> float:
    return min(1.0, max(0.0, part))
