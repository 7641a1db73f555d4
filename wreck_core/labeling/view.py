"""Where a picture lies on a canvas, and back. Pure arithmetic: no OpenCV, no state."""

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A picture of width x height pixels, fitted whole and centred into a canvas.

    It is enlarged at most `max_scale` times.
    """

    width: int
    height: int
    canvas_width: int
    canvas_height: int
    max_scale: float = 3.0

    @property
    def scale(self) -> float:
        """Canvas pixels for one picture pixel."""
        return min(self.canvas_width / self.width, self.canvas_height / self.height, self.max_scale)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height on the canvas, at least 1."""
        return max(1, round(self.width * self.scale)), max(1, round(self.height * self.scale))

    @property
    def origin(self) -> tuple[int, int]:
        """Canvas place of the picture's upper left corner."""
        width, height = self.size
        return (self.canvas_width - width) // 2, (self.canvas_height - height) // 2

    def to_canvas(self, x: float, y: float) -> tuple[float, float]:
        """Place of a point given in parts (0-1) of the picture."""
        (left, top), (width, height) = self.origin, self.size
        return left + x * width, top + y * height

    def to_picture(self, canvas_x: float, canvas_y: float) -> tuple[float, float]:
        """Parts (0-1) of the picture at a place of the canvas, clamped: the mouse may lie outside."""
        (left, top), (width, height) = self.origin, self.size
        return min(1.0, max(0.0, (canvas_x - left) / width)), min(1.0, max(0.0, (canvas_y - top) / height))
