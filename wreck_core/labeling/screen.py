"""How the labelling window looks: one frame, drawn from the session's state. Nothing is shown here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from wreck_core.images import Image, resize
from wreck_core.labeling.view import View

BAR_PX = 92
MARGIN_PX = 28
CHIP_PX = 34
WEIGHT = 500  # between regular and semibold: read at arm's length
_GROUND = (24, 22, 20)
_BAR = (38, 35, 32)
_TEXT = (240, 238, 235)
_DIM = (166, 160, 152)
_FAULT = (72, 72, 220)
# Told apart by the colour-blind too (Okabe and Ito, 2008); BGR.
_LABEL_COLOURS = ((0, 94, 213), (115, 158, 0), (233, 180, 86), (167, 121, 204), (66, 228, 240))


@dataclass(frozen=True)
class Words:
    """The text of one frame."""

    headline: str  # what was done last, or what is wrong
    detail: str  # who, which round, how fast
    done: int
    total: int
    fault: bool
    keys: Mapping[str, str]  # label → key
    given: str | None  # the label that the picture on show already has


def draw(picture: Image | None, words: Words, width: int, height: int, notice: str = "") -> Image:
    """Draw a frame of width x height as BGR uint8: the picture above, the dark bar below."""
    frame = np.full((height, width, 3), _GROUND, np.uint8)
    stage = frame[: height - BAR_PX]
    if picture is not None:
        _lay(stage, picture)
    if notice:
        _centred(stage, notice)
    _draw_bar(frame[height - BAR_PX :], words)
    return frame


def _lay(stage: Image, picture: Image) -> None:
    view = View(picture.shape[1], picture.shape[0], stage.shape[1], stage.shape[0])
    (left, top), (width, height) = view.origin, view.size
    stage[top : top + height, left : left + width] = resize(picture, width, height)[:, :, ::-1]


def _draw_bar(bar: Image, words: Words) -> None:
    bar[:] = _FAULT if words.fault else _BAR
    width = bar.shape[1]
    if not words.fault:
        share = words.done / words.total if words.total else 0.0
        bar[:3, :] = _GROUND
        bar[:3, : round(width * share)] = _LABEL_COLOURS[1]
    left_of_chips = _draw_chips(bar, words)
    room = left_of_chips - 2 * MARGIN_PX
    _write(bar, _cut(words.headline, 22, room), (MARGIN_PX, 42), _TEXT, 22)
    count = f"{words.done:,} of {words.total:,}"
    _write(
        bar, _cut(f"{count}   {words.detail}", 17, room), (MARGIN_PX, 72), _TEXT if words.fault else _DIM, 17
    )


def _draw_chips(bar: Image, words: Words) -> int:
    """Draw the labels with their keys from the right; returns where the leftmost begins."""
    right = bar.shape[1] - MARGIN_PX
    top = (bar.shape[0] - CHIP_PX) // 2 + 2
    for at, (label, key) in reversed(list(enumerate(words.keys.items()))):
        colour = _LABEL_COLOURS[at % len(_LABEL_COLOURS)]
        text_px = _width(label, 18)
        left = right - text_px - CHIP_PX - 18
        cv2.rectangle(bar, (left, top), (left + CHIP_PX, top + CHIP_PX), colour, cv2.FILLED)
        _write(bar, key, (left + (CHIP_PX - _width(key, 20)) // 2, top + 24), (255, 255, 255), 20)
        _write(bar, label, (left + CHIP_PX + 10, top + 24), _TEXT, 18)
        if label == words.given:
            cv2.line(bar, (left, top + CHIP_PX + 6), (right - 8, top + CHIP_PX + 6), colour, 3)
        right = left - 18
    return int(right)


def _centred(stage: Image, text: str) -> None:
    lines: Sequence[str] = text.split("\n")
    top = stage.shape[0] // 2 - 18 * (len(lines) - 1)
    for at, line in enumerate(lines):
        shown = _cut(line, 24, stage.shape[1] - 2 * MARGIN_PX)
        left = (stage.shape[1] - _width(shown, 24)) // 2
        _write(stage, shown, (left, top + 36 * at), _TEXT if at == 0 else _DIM, 24)


def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")


def _write(
    target: Image, text: str, origin: tuple[int, int], colour: tuple[int, int, int], size_px: int
) -> None:
    cv2.putText(target, text, origin, colour, _font(), size_px, WEIGHT)


def _width(text: str, size_px: int) -> int:
    box: Sequence[int] = cv2.getTextSize((0, 0), text, (0, 0), _font(), size_px, WEIGHT)
    return int(box[2])


def _cut(text: str, size_px: int, room_px: int) -> str:
    """Shorten the text until it fits, with an ellipsis."""
    if _width(text, size_px) <= room_px:
        return text
    while text and _width(text + "…", size_px) > room_px:
        text = text[:-1]
    return text + "…"
