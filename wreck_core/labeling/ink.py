"""The hand that draws the labelling window: type, colours and shapes, at the scale of the window."""

from dataclasses import dataclass

import cv2
import numpy as np

from wreck_core.images import Image

Colour = tuple[int, int, int]  # BGR, as OpenCV's windows want it
Place = tuple[int, int]

GROUND: Colour = (20, 18, 17)
BAR: Colour = (36, 32, 30)
PANEL: Colour = (44, 40, 37)
LINE: Colour = (70, 64, 60)
TEXT: Colour = (242, 240, 238)
DIM: Colour = (172, 164, 156)
ACCENT: Colour = (230, 169, 90)
AMBER: Colour = (70, 178, 240)
FAULT: Colour = (58, 52, 196)
REGULAR, SEMIBOLD = 430, 600
FIRST_SIZE_PX = (1280, 860)  # a window of this size is drawn at scale 1
LEAST_SCALE, MOST_SCALE = 0.7, 2.0


def parse_colour(text: str) -> Colour:
    """Read "#rrggbb"."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return blue, green, red


def on(colour: Colour) -> Colour:
    """Black or white, whichever is read better on a colour.

    Reference: W3C, WCAG 2.2, relative luminance.
    """
    blue, green, red = ((part / 255) ** 2.2 for part in colour)
    return (18, 18, 18) if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.22 else (255, 255, 255)


@dataclass(frozen=True)
class Pen:
    """Draws on BGR uint8 targets (H, W, 3). Sizes are given in pixels of a window at scale 1."""

    scale: float

    @classmethod
    def of(cls, width: int, height: int) -> "Pen":
        """Choose the pen for a window of this size: type grows with it, to be read at arm's length."""
        wanted = min(width / FIRST_SIZE_PX[0], height / FIRST_SIZE_PX[1])
        return cls(min(MOST_SCALE, max(LEAST_SCALE, wanted)))

    def px(self, length: float) -> int:
        """Give a length on the target."""
        return round(length * self.scale)

    def width(self, text: str, size: float, weight: int = REGULAR) -> int:
        """How wide a text will be on the target."""
        box = cv2.getTextSize((0, 0), text, (0, 0), _face(), self.px(size), weight)
        return int(box[2])

    def write(
        self, target: Image, text: str, at: Place, size: float, colour: Colour = TEXT, weight: int = REGULAR
    ) -> int:
        """Write a line with its baseline at `at`; gives where it ends."""
        cv2.putText(target, text, at, colour, _face(), self.px(size), weight)
        return at[0] + self.width(text, size, weight)

    def cut(self, text: str, size: float, room: int, weight: int = REGULAR) -> str:
        """Shorten a text until it fits into `room` pixels of the target, with an ellipsis."""
        if self.width(text, size, weight) <= room:
            return text
        while text and self.width(text + "…", size, weight) > room:
            text = text[:-1]
        return text.rstrip() + "…"

    def slab(self, target: Image, corner: Place, size: Place, colour: Colour, opacity: float = 1.0) -> None:
        """Fill a rectangle with round corners, seen through where `opacity` is below 1."""
        height, width = target.shape[:2]
        left, top = max(0, corner[0]), max(0, corner[1])
        right, bottom = min(width, corner[0] + size[0]), min(height, corner[1] + size[1])
        if right <= left or bottom <= top:
            return
        part = target[top:bottom, left:right]
        mask = _round_mask(right - left, bottom - top, self.px(7))
        shade = (mask.astype(np.float32) * (opacity / 255))[:, :, None]
        part[:] = (part * (1 - shade) + np.array(colour, np.float32) * shade).astype(np.uint8)

    def keycap(self, target: Image, key: str, corner: Place, colour: Colour) -> Place:
        """Draw a key with its sign; gives its size."""
        sign = key.upper() if len(key) == 1 else key
        side = self.px(32)
        wide = max(side, self.width(sign, 18, SEMIBOLD) + self.px(16))
        self.slab(target, corner, (wide, side), colour)
        left = corner[0] + (wide - self.width(sign, 18, SEMIBOLD)) // 2
        self.write(target, sign, (left, corner[1] + self.px(22.5)), 18, on(colour), SEMIBOLD)
        return wide, side

    def pill(self, target: Image, text: str, corner: Place, colour: Colour = PANEL) -> int:
        """Write a short text on a slab; gives where it ends."""
        wide = self.width(text, 17, SEMIBOLD) + self.px(24)
        self.slab(target, corner, (wide, self.px(34)), colour)
        self.write(target, text, (corner[0] + self.px(12), corner[1] + self.px(23)), 17, on(colour), SEMIBOLD)
        return corner[0] + wide


def bgr(image: Image) -> Image:
    """Turn RGB into BGR, uint8 (H, W, 3)."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)


def dim(part: Image, light: float) -> None:
    """Darken in place, to `light` (0-1) of what it was."""
    cv2.convertScaleAbs(part, part, light)


def frame(target: Image, corner: Place, opposite: Place, colour: Colour, thickness: int) -> None:
    """Draw the outline of a rectangle."""
    cv2.rectangle(target, corner, opposite, colour, thickness, cv2.LINE_AA)


def line(target: Image, start: Place, end: Place, colour: Colour, thickness: int) -> None:
    """Draw a line."""
    cv2.line(target, start, end, colour, thickness, cv2.LINE_AA)


def _round_mask(width: int, height: int, radius: int) -> Image:
    """Opacity, 0-255, of a rectangle (height, width) with round corners."""
    radius = min(radius, width // 2, height // 2)
    mask = np.zeros((height, width), np.uint8)
    cv2.rectangle(mask, (radius, 0), (width - 1 - radius, height - 1), 255, cv2.FILLED)
    cv2.rectangle(mask, (0, radius), (width - 1, height - 1 - radius), 255, cv2.FILLED)
    for x in (radius, width - 1 - radius):
        for y in (radius, height - 1 - radius):
            cv2.circle(mask, (x, y), radius, 255, cv2.FILLED, cv2.LINE_AA)
    return mask


def _face() -> cv2.FontFace:
    return cv2.FontFace("sans")
