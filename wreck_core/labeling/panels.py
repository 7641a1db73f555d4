"""What lies over the picture when asked for: the keys, the flags, what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import wrap

from wreck_core.images import Image
from wreck_core.labeling import ink
from wreck_core.labeling.ink import Pen
from wreck_core.labeling.words import readable
from wreck_core.params import LabelParams

LINE_PX = 40
PAD_PX = 28
WRAP, WRAPPED = 52, 4  # characters in a line, and lines, of a long fact such as a URL
LEAST_SHARE = 0.4  # of the usual size of type: in a tiny window
ASIDE_TOP_PX = 56  # below the tags


@dataclass(frozen=True)
class Row:
    """A line of a panel: a key (drawn as such) or a name on the left, words on the right."""

    left: str
    right: str
    key: bool = False
    on: bool = False  # chosen
    colour: ink.Colour = ink.LINE


@dataclass(frozen=True)
class Panel:
    """A titled list. It lies in the middle, or with `aside` in the upper right corner."""

    title: str
    rows: tuple[Row, ...]
    foot: str = ""
    aside: bool = False


def help_panel(settings: LabelParams) -> Panel:
    """List what every key does."""
    labels = tuple(
        Row(key, readable(label), key=True, colour=ink.parse_colour(settings.colours[label]))
        for label, key in settings.keys.items()
    )
    others = (
        ("space", "skip"),
        ("U", "undo, as often as you like"),
        ("A", "look back"),
        ("D", "… and forward again"),
        ("drag", "mark what matters; C clears"),
        ("+ - 0", "zoom; Z zooms at the pointer"),
        ("arrows", "move the view"),
        ("F", "flags: why a picture is odd"),
        ("I", "what is known of the picture"),
        ("M", "what the model says"),
        ("G", "a page of pictures at once"),
        ("Q", "quit; everything is saved"),
    )
    rest = tuple(Row(key, what, key=True) for key, what in others)
    return Panel("Keys", (*labels, *rest), "H closes this")


def flags_panel(settings: LabelParams, chosen: tuple[str, ...]) -> Panel:
    """List the flags with the digits that set them."""
    rows = tuple(
        Row(
            str(number),
            readable(flag),
            key=True,
            on=flag in chosen,
            colour=ink.AMBER if flag in chosen else ink.LINE,
        )
        for number, flag in enumerate(settings.flags, 1)
    )
    return Panel("Flags", rows, "a number sets a flag or takes it off · F closes this")


def info_panel(facts: Mapping[str, str]) -> Panel:
    """List what is known of a picture."""
    rows = (
        Row("" if at else name, part)
        for name, text in facts.items()
        for at, part in enumerate(wrap(text, WRAP, break_on_hyphens=False)[:WRAPPED])
    )
    return Panel("This picture", tuple(rows), aside=True)


def draw_panel(stage: Image, panel: Panel, pen: Pen) -> None:
    """Draw a panel; its rows fall into two columns where one would be too high."""
    pen = _shrunk(stage, panel, pen)
    pad, line = pen.px(PAD_PX), pen.px(LINE_PX)
    heading = pen.px(36) + pad
    room = stage.shape[0] - pen.px(24) - heading - pad - (line if panel.foot else 0)
    columns = 1 if len(panel.rows) * line <= room else 2
    high = -(-len(panel.rows) // columns)
    line = min(pen.px(30) if panel.aside else line, max(pen.px(20), room // high))
    names = max(_left_px(row, pen) for row in panel.rows) + pen.px(16)
    words = max(pen.width(row.right, 18) for row in panel.rows) + pen.px(24)
    widest = stage.shape[1] - pen.px(24)
    wide = min(widest, max(2 * pad + columns * (names + words), 2 * pad + pen.width(panel.foot, 15)))
    height = heading + high * line + (line if panel.foot else 0) + pad // 2
    left = stage.shape[1] - wide - pen.px(12) if panel.aside else (stage.shape[1] - wide) // 2
    top = pen.px(ASIDE_TOP_PX) if panel.aside else max(0, (stage.shape[0] - height) // 2)
    pen.slab(stage, (left, top), (wide, height), ink.PANEL, 0.94)
    pen.write(stage, panel.title, (left + pad, top + pad + pen.px(14)), 24, weight=ink.SEMIBOLD)
    column_px = (wide - 2 * pad) // columns
    for at, row in enumerate(panel.rows):
        x = left + pad + at // high * column_px
        _draw_row(stage, row, (x, top + heading + at % high * line), (names, column_px - names), pen)
    if panel.foot:
        foot = pen.cut(panel.foot, 15, wide - 2 * pad)
        pen.write(stage, foot, (left + pad, top + height - pad // 2 - pen.px(6)), 15, ink.DIM)


def _shrunk(stage: Image, panel: Panel, pen: Pen) -> Pen:
    """Take a finer pen where two columns of the panel would still be too high for the stage."""
    lines = -(-len(panel.rows) // 2) + bool(panel.foot)
    needed = pen.px(24 + 36 + 2 * PAD_PX) + lines * pen.px(LINE_PX)
    return Pen(pen.scale * min(1.0, max(LEAST_SHARE, stage.shape[0] / needed)))


def _draw_row(stage: Image, row: Row, corner: ink.Place, widths: tuple[int, int], pen: Pen) -> None:
    names, room = widths
    baseline = corner[1] + pen.px(22)
    if row.key:
        pen.keycap(stage, row.left, corner, row.colour)
    else:
        pen.write(stage, row.left, (corner[0], baseline), 17, ink.DIM)
    weight = ink.SEMIBOLD if row.on else ink.REGULAR
    text = pen.cut(row.right, 18, room, weight)
    pen.write(stage, text, (corner[0] + names, baseline), 18, ink.TEXT, weight)


def _left_px(row: Row, pen: Pen) -> int:
    return pen.width(row.left, 18, ink.SEMIBOLD) + pen.px(16) if row.key else pen.width(row.left, 17)
