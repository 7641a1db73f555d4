"""How the labelling window looks: one frame, drawn from what is to be seen. Nothing is shown here."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from wreck_core.images import Image, resize
from wreck_core.labeling import ink
from wreck_core.labeling.ink import Colour, Pen
from wreck_core.labeling.panels import Panel, draw_panel
from wreck_core.labeling.records import Box
from wreck_core.labeling.view import View

BAR_PX = 96
CHIPS_PX = 50  # the bar is so much higher where the labels need a line of their own
MARGIN_PX = 26
STRIP_PX = 4
OUTSIDE_LIGHT = 0.35  # of what lies outside the box


@dataclass(frozen=True)
class Chip:
    """A label with its key."""

    label: str
    key: str
    colour: Colour
    given: bool  # the picture has this label already


@dataclass(frozen=True)
class Bar:
    """The text of the bar."""

    headline: str  # what was done last, or what is wrong
    detail: str  # how many, who, how fast
    share: float  # of the round that is done, 0-1
    fault: bool
    chips: tuple[Chip, ...]


@dataclass(frozen=True)
class Sight:
    """The picture, BGR uint8 (H, W, 3), how it is looked at, and what lies over it.

    `fitted` is the same picture resized ahead; it serves where the view asks for just this size.
    """

    picture: Image
    view: View
    box: Box | None = None
    fitted: Image | None = None


@dataclass(frozen=True)
class Tag:
    """A short remark in the upper left corner of the picture."""

    text: str
    colour: Colour = ink.PANEL


@dataclass(frozen=True)
class Frame:
    """All that one frame shows. `notice` stands where there is no picture: a title, then lines."""

    bar: Bar
    sight: Sight | None = None
    notice: str = ""
    tags: tuple[Tag, ...] = ()
    panel: Panel | None = None


def stage_size(width: int, height: int, chips: tuple[Chip, ...]) -> tuple[int, int]:
    """Width and height of what is left for the picture above the bar."""
    return width, max(1, height - _bar_px(width, chips, Pen.of(width, height)))


def blank(width: int, height: int) -> Image:
    """Begin a frame: BGR uint8 (height, width, 3)."""
    return _ground(width, height).copy()


@lru_cache(maxsize=1)
def _ground(width: int, height: int) -> Image:
    return np.full((height, width, 3), ink.GROUND, np.uint8)


def draw(frame: Frame, width: int, height: int) -> Image:
    """Draw a frame of width x height as BGR uint8: the picture above, the dark bar below."""
    pen, canvas = Pen.of(width, height), blank(width, height)
    stage = canvas[: stage_size(width, height, frame.bar.chips)[1]]
    if frame.sight:
        lay(stage, frame.sight)
    if frame.notice:
        _notice(stage, frame.notice.split("\n"), pen)
    _draw_tags(stage, frame.tags, pen)
    if frame.panel:
        draw_panel(stage, frame.panel, pen)
    draw_bar(canvas[stage.shape[0] :], frame.bar, pen)
    return canvas


def lay(stage: Image, sight: Sight) -> None:
    """Lay the visible part of a picture on the stage, and dim what lies outside its box."""
    view, picture = sight.view, sight.picture
    left, top, right, bottom = view.visible()
    (x, y), (width, height) = view.origin, view.size
    # Whole picture pixels: their edges fall on canvas pixels by the arithmetic of the view itself.
    start = (x + round(left / view.width * width), y + round(top / view.height * height))
    end = (x + round(right / view.width * width), y + round(bottom / view.height * height))
    size = (max(1, end[0] - start[0]), max(1, end[1] - start[1]))
    if view.zoom == 1 and sight.fitted is not None and sight.fitted.shape[1::-1] == size:
        shown = sight.fitted
    else:
        shown = resize(picture[top:bottom, left:right], *size)
    first = (max(0, -start[0]), max(0, -start[1]))
    at = (max(0, start[0]), max(0, start[1]))
    room = stage[at[1] : at[1] + size[1] - first[1], at[0] : at[0] + size[0] - first[0]]
    room[:] = shown[first[1] : first[1] + room.shape[0], first[0] : first[0] + room.shape[1]]
    if sight.box:
        _draw_box(stage, sight.box, view)


def _draw_box(stage: Image, box: Box, view: View) -> None:
    height, width = stage.shape[:2]
    left, top = (round(side) for side in view.to_canvas(box.x, box.y))
    right, bottom = (round(side) for side in view.to_canvas(box.x + box.w, box.y + box.h))
    inner = (slice(max(0, top), max(0, bottom)), slice(max(0, left), max(0, right)))
    kept = stage[inner].copy()
    ink.dim(stage, OUTSIDE_LIGHT)
    stage[inner] = kept
    ink.frame(stage, (left - 1, top - 1), (right, bottom), (0, 0, 0), 3)
    ink.frame(stage, (left - 1, top - 1), (right, bottom), (255, 255, 255), 1)
    arm = max(6, min(24, (right - left) // 4, (bottom - top) // 4))
    for x, inward in ((left, arm), (right, -arm)):
        for y, down in ((top, arm), (bottom, -arm)):
            if -arm <= x <= width + arm and -arm <= y <= height + arm:
                ink.line(stage, (x, y), (x + inward, y), (255, 255, 255), 3)
                ink.line(stage, (x, y), (x, y + down), (255, 255, 255), 3)


def _draw_tags(stage: Image, tags: tuple[Tag, ...], pen: Pen) -> None:
    left = top = pen.px(12)
    for tag in tags:
        if left > pen.px(12) and left + pen.width(tag.text, 17, ink.SEMIBOLD) > stage.shape[1] - pen.px(36):
            left, top = pen.px(12), top + pen.px(42)
        left = pen.pill(stage, tag.text, (left, top), tag.colour) + pen.px(8)


def _notice(stage: Image, lines: list[str], pen: Pen) -> None:
    """Write a title and lines into the middle."""
    top = stage.shape[0] // 2 - pen.px(17) * (len(lines) - 1)
    for at, text in enumerate(lines):
        size, weight = (32, ink.SEMIBOLD) if at == 0 else (20, ink.REGULAR)
        shown = pen.cut(text, size, stage.shape[1] - 2 * pen.px(MARGIN_PX), weight)
        left = (stage.shape[1] - pen.width(shown, size, weight)) // 2
        pen.write(stage, shown, (left, top + pen.px(40) * at), size, ink.DIM if at else ink.TEXT, weight)


def draw_bar(target: Image, bar: Bar, pen: Pen) -> None:
    """Draw the bar over the whole of the target; it is red when something was not saved."""
    target[:] = ink.FAULT if bar.fault else ink.BAR
    strip = target[: pen.px(STRIP_PX)]
    strip[:] = ink.GROUND
    strip[:, : round(target.shape[1] * min(1.0, bar.share))] = ink.ACCENT
    margin, width = pen.px(MARGIN_PX), target.shape[1]
    text_top = target.shape[0] - pen.px(BAR_PX)
    chips_px = _chips_px(bar.chips, pen)
    if text_top:
        _draw_chips(target, bar, (margin, pen.px(16)), pen)
        room = width - 2 * margin
    else:
        _draw_chips(target, bar, (width - margin - chips_px, pen.px(33)), pen)
        room = width - chips_px - 3 * margin
    headline = pen.cut(bar.headline, 25, room, ink.SEMIBOLD)
    pen.write(target, headline, (margin, text_top + pen.px(44)), 25, weight=ink.SEMIBOLD)
    detail = pen.cut(bar.detail, 18, room)
    pen.write(target, detail, (margin, text_top + pen.px(76)), 18, ink.TEXT if bar.fault else ink.DIM)


def _draw_chips(target: Image, bar: Bar, corner: ink.Place, pen: Pen) -> None:
    left, top = corner
    spare = target.shape[1] - left - _chips_px(bar.chips, pen)
    cut_px = max(0, -spare) // max(1, len(bar.chips))  # what each label loses in a narrow window
    for chip in bar.chips:
        wide, high = pen.keycap(target, chip.key, (left, top), chip.colour)
        weight = ink.SEMIBOLD if chip.given else ink.REGULAR
        said = pen.cut(chip.label, 18, pen.width(chip.label, 18, weight) - cut_px, weight)
        end = pen.write(target, said, (left + wide + pen.px(10), top + pen.px(22)), 18, weight=weight)
        if chip.given:
            under = top + high + pen.px(7)
            ink.line(target, (left, under), (end, under), chip.colour, pen.px(3))
        left = end + pen.px(22)


def _chips_px(chips: tuple[Chip, ...], pen: Pen) -> int:
    keys = sum(max(pen.px(32), pen.width(chip.key, 18, ink.SEMIBOLD) + pen.px(16)) for chip in chips)
    words = sum(pen.width(chip.label, 18, ink.SEMIBOLD) + pen.px(32) for chip in chips)
    return keys + words


def _bar_px(width: int, chips: tuple[Chip, ...], pen: Pen) -> int:
    """Height of the bar: the labels get a line of their own where they would take more than half of one."""
    return pen.px(BAR_PX) + (pen.px(CHIPS_PX) if _chips_px(chips, pen) > width * 0.55 else 0)
