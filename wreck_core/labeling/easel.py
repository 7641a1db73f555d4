"""The picture on show: decoded, looked at from near or far, with the box that is being drawn on it."""

from typing import NamedTuple

from wreck_core import images
from wreck_core.images import Image
from wreck_core.labeling import ink, screen, signs
from wreck_core.labeling.pictures import Pictures
from wreck_core.labeling.records import Box
from wreck_core.labeling.screen import Sight
from wreck_core.labeling.session import LabelSession
from wreck_core.labeling.view import Point, View

STEP = 0.15  # of the canvas, that an arrow moves
NEARER = 1.25
AT_POINTER = 2.5  # how much nearer Z comes
KEPT = 6  # decoded pictures: the one on show, the next two, and some behind
MOVES = {"left": (-STEP, 0.0), "right": (STEP, 0.0), "up": (0.0, -STEP), "down": (0.0, STEP)}
ZOOMS = {"+": NEARER, "=": NEARER, "-": 1 / NEARER, "0": 0.0}


class _Shot(NamedTuple):
    """A picture, BGR uint8 (H, W, 3), and the same in the size of the stage."""

    picture: Image
    fitted: Image


class Easel:
    """Holds the picture of a session. Places are pixels of a frame of `size` (width, height)."""

    def __init__(self, session: LabelSession) -> None:
        self.size = ink.FIRST_SIZE_PX
        self._session = session
        self._pictures = Pictures(KEPT, self._prepare)
        self._view: View | None = None  # None: fitted
        self._pointer: Point = (0.0, 0.0)
        self._drag: tuple[Point, Point] | None = None  # in parts of the picture

    def close(self) -> None:
        """Stop reading ahead."""
        self._pictures.close()

    def read_ahead(self) -> None:
        """Decode what comes next."""
        self._pictures.read(filter(None, map(self._session.path_of, self._session.upcoming)))

    def clear(self) -> None:
        """Show the whole picture again, and forget a box that was begun."""
        self._view, self._drag = None, None

    @property
    def dragging(self) -> bool:
        """Whether a box is being drawn."""
        return self._drag is not None

    @property
    def zoom(self) -> float:
        """How much nearer than fitted."""
        return self._view.zoom if self._view else 1.0

    @property
    def seen(self) -> bool:
        """Whether the picture on show can be shown."""
        return self._shot() is not None

    def stage_size(self) -> tuple[int, int]:
        """Give the width and height of the frame above the bar."""
        return screen.stage_size(*self.size, signs.chips(self._session))

    def sight(self) -> Sight | None:
        """Give what is to be seen of the picture; None where there is none, or it cannot be decoded."""
        shot, view = self._shot(), self._sight_view()
        return Sight(shot.picture, view, self._box(), shot.fitted) if shot and view else None

    def look(self, key: str) -> bool:
        """Move the view, or come nearer, as an arrow or a zoom key says; whether that changed it."""
        view = self._sight_view()
        if view is None:
            return False
        if key in MOVES:
            seen = view.panned(*MOVES[key])
        elif key == "z":
            seen = view.zoomed(0.0) if view.zoom > 1 else view.zoomed(AT_POINTER, self._pointer)
        else:
            seen = view.zoomed(ZOOMS[key])
        changed, self._view = seen != view, seen
        return changed

    def point(self, x: int, y: int) -> bool:
        """Take note of where the pointer is; whether that changes what is seen."""
        self._pointer = (x, y)
        view = self._sight_view()
        if self._drag is None or view is None:
            return False
        self._drag = (self._drag[0], view.to_picture(x, y))
        return True

    def begin_box(self, x: int, y: int) -> None:
        """Put the first corner of a box."""
        view = self._sight_view()
        if view:
            corner = view.to_picture(x, y)
            self._drag = (corner, corner)

    def end_box(self, x: int, y: int) -> bool:
        """Put the other corner: the box is set, unless it was hardly more than a click."""
        if not self._drag:
            return False
        self.point(x, y)
        box = Box.between(*self._drag)
        self._drag = None
        if box:
            self._session.set_box(box)
        return True

    def _box(self) -> Box | None:
        return Box.between(*self._drag) if self._drag else self._session.draft.box

    def _shot(self) -> _Shot | None:
        path = self._session.path()
        return self._pictures.get(path) if path else None

    def _prepare(self, image: Image) -> _Shot:
        """Make of a decoded picture what the screen wants; a thread does it ahead."""
        picture = ink.bgr(image)
        view = View(image.shape[1], image.shape[0], *self.stage_size())
        return _Shot(picture, images.resize(picture, *view.size))

    def _sight_view(self) -> View | None:
        """How the picture is looked at now; None without one, and while a page of them is on show."""
        shot = self._shot()
        if shot is None or self._session.grid:
            return None
        if self._view is None:
            return View(shot.picture.shape[1], shot.picture.shape[0], *self.stage_size())
        return self._view.on_canvas(*self.stage_size())
