"""A page of pictures that a model takes for one label, drawn: tiles, their keys, the odd ones struck out."""

from dataclasses import dataclass

from wreck_core.images import Image
from wreck_core.labeling import ink
from wreck_core.labeling.grid import COLUMNS, ROWS
from wreck_core.labeling.ink import Pen
from wreck_core.labeling.screen import Bar, Sight, blank, draw_bar, lay, stage_size
from wreck_core.labeling.view import Rectangle, View

KEYS = "123456789abc"  # one for each tile, in reading order
TILE_PX = 480  # longer side of what is kept of a picture
HEAD_PX = 52
GAP_PX = 10


@dataclass(frozen=True)
class Tile:
    """A picture of the page: BGR uint8 (H, W, 3), or what to say where there is none (yet)."""

    picture: Image | None
    words: str
    odd: bool


@dataclass(frozen=True)
class Page:
    """All that a page shows."""

    title: str
    tiles: tuple[Tile, ...]
    colour: ink.Colour  # of the label
    bar: Bar


def places(width: int, height: int) -> list[Rectangle]:
    """Where the tiles lie on a stage of this size."""
    pen = Pen.of(width, height)
    head, gap = pen.px(HEAD_PX), pen.px(GAP_PX)
    wide, high = (width - gap) // COLUMNS, (height - head - gap) // ROWS
    corners = [(gap + column * wide, head + row * high) for row in range(ROWS) for column in range(COLUMNS)]
    return [(x, y, x + wide - gap, y + high - gap) for x, y in corners]


def hit(width: int, height: int, x: int, y: int) -> int | None:
    """Which tile lies at a place of the stage."""
    for at, (left, top, right, bottom) in enumerate(places(width, height)):
        if left <= x < right and top <= y < bottom:
            return at
    return None


def draw_page(page: Page, width: int, height: int) -> Image:
    """Draw a page as BGR uint8 (height, width, 3)."""
    pen, canvas = Pen.of(width, height), blank(width, height)
    _, stage_height = stage_size(width, height, page.bar.chips)
    stage = canvas[:stage_height]
    title = pen.cut(page.title, 22, width - pen.px(40), ink.SEMIBOLD)
    pen.write(stage, title, (pen.px(16), pen.px(35)), 22, weight=ink.SEMIBOLD)
    for key, tile, place in zip(KEYS, page.tiles, places(width, stage_height), strict=False):
        left, top, right, bottom = place
        _draw_tile(stage[top:bottom, left:right], tile, key, page.colour, pen)
    draw_bar(canvas[stage_height:], page.bar, pen)
    return canvas


def _draw_tile(target: Image, tile: Tile, key: str, colour: ink.Colour, pen: Pen) -> None:
    height, width = target.shape[:2]
    if min(height, width) < pen.px(40):
        return
    target[:] = ink.BAR
    if tile.picture is not None:
        view = View(tile.picture.shape[1], tile.picture.shape[0], width, height)
        lay(target, Sight(tile.picture, view))
    if tile.odd:
        ink.dim(target, 0.3)
        text = "not this one"
        left = (width - pen.width(text, 20, ink.SEMIBOLD)) // 2
        pen.write(target, text, (left, height // 2 + pen.px(8)), 20, weight=ink.SEMIBOLD)
    edge = ink.LINE if tile.odd else colour
    ink.frame(target, (1, 1), (width - 2, height - 2), edge, pen.px(3))
    pen.keycap(target, key, (pen.px(8), pen.px(8)), edge)
    if tile.words:
        wide = pen.width(tile.words, 17, ink.SEMIBOLD) + pen.px(24)
        pen.pill(target, tile.words, (width - wide - pen.px(8), height - pen.px(42)))
