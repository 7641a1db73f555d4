"""What keys and the mouse mean, and what is then to be seen: the labelling window without the window."""

from pathlib import Path
from typing import NamedTuple

from wreck_core import images
from wreck_core.images import Image
from wreck_core.labeling import ink, keyboard, panels, screen, sheet, words
from wreck_core.labeling.panels import Panel
from wreck_core.labeling.pictures import Pictures
from wreck_core.labeling.records import Box
from wreck_core.labeling.screen import Bar, Chip, Frame, Sight, Tag
from wreck_core.labeling.session import UNSEEN_LABEL, LabelSession
from wreck_core.labeling.view import Point, View

STEP = 0.15  # of the canvas, that an arrow moves
NEARER = 1.25
AT_POINTER = 2.5  # how much nearer Z comes
KEPT = 6  # decoded pictures: the one on show, the next two, and some behind
TILES_KEPT = 24
_MOVES = {"left": (-STEP, 0.0), "right": (STEP, 0.0), "up": (0.0, -STEP), "down": (0.0, STEP)}
_ZOOMS = {"+": NEARER, "=": NEARER, "-": 1 / NEARER, "0": 0.0}
_LEAVE = ("q", keyboard.ESCAPE)


class Shot(NamedTuple):
    """A picture, BGR uint8 (H, W, 3), and the same in the size of the stage."""

    picture: Image
    fitted: Image


class Desk:
    """Turns keys (as `keyboard.name` names them) and mouse places into what a session does, and draws it.

    `turn` grows whenever another picture, or another page of them, is to be judged. `closing` says
    that the person wants to stop.
    """

    def __init__(self, session: LabelSession) -> None:
        self.turn, self.closing = 0, False
        self._session, self._settings = session, session.settings
        self._labels = {key.lower(): label for label, key in self._settings.keys.items()}
        self._pictures = Pictures(KEPT, self._ready_to_show)
        self._tiles = Pictures(TILES_KEPT, lambda image: ink.bgr(images.fit_within(image, sheet.TILE_PX)))
        self._size = ink.FIRST_SIZE_PX
        self._view: View | None = None  # None: fitted
        self._pointer: Point = (0.0, 0.0)
        self._drag: tuple[Point, Point] | None = None  # in parts of the picture
        self._panel = ""  # "help" or "flags": takes the keys while it is open
        self._info = False
        self._lacking = False  # the last page was drawn without some of its pictures

    def close(self) -> None:
        """Stop reading ahead."""
        self._pictures.close()
        self._tiles.close()

    # Keys

    def repeats(self, key: str) -> bool:
        """Whether a key does harmless things, so that it may be held down."""
        return not self._panel and not self._session.grid and (key in _MOVES or key in _ZOOMS)

    def press(self, key: str, shown_ms: int) -> bool:
        """Do what a key means; False when it means nothing here. `shown_ms`: since the picture was shown."""
        if self._panel:
            return self._press_in_panel(key)
        if key in ("h", "?"):
            self._panel = "help"
        elif self._session.grid:
            return self._press_in_grid(key, shown_ms)
        elif key in self._labels:
            return self._label(self._labels[key], shown_ms)
        elif key in _MOVES or key in _ZOOMS or key == "z":
            return self._look(key)
        elif key in _LEAVE:
            self.closing = True
        else:
            return self._command(key, shown_ms)
        return True

    def _press_in_panel(self, key: str) -> bool:
        flags = self._settings.flags
        if self._panel == "flags" and key.isdecimal() and 1 <= int(key) <= len(flags):
            self._session.toggle_flag(flags[int(key) - 1])
        elif key in (*_LEAVE, keyboard.ENTER, {"help": "h", "flags": "f"}[self._panel], "?"):
            self._panel = ""
        else:
            return False
        return True

    def _press_in_grid(self, key: str, shown_ms: int) -> bool:
        grid = self._session.grid
        if grid is None:
            return False
        if key and key in sheet.KEYS:
            grid.toggle(sheet.KEYS.index(key))
        elif key == keyboard.ENTER:
            if self.loading:
                return False
            self._set_unseen_apart()
            self._session.accept_grid(shown_ms)
            self._anew()
        elif key == "g":
            self._session.open_grid()
            self._anew()
        elif key in _LEAVE:
            self._session.close_grid()
            self._anew()
        else:
            return False
        return True

    def _label(self, label: str, shown_ms: int) -> bool:
        if label != UNSEEN_LABEL and self._shot() is None:
            return False
        self._session.label(label, shown_ms)
        self._anew()
        return True

    def _command(self, key: str, shown_ms: int) -> bool:
        session = self._session
        moves = {
            " ": lambda: session.skip(shown_ms),
            "u": session.undo,
            keyboard.BACKSPACE: session.undo,
            "a": session.back,
            "d": session.forward,
            "g": session.open_grid,
        }
        remarks = {
            "c": lambda: session.set_box(None),
            "m": session.toggle_hints,
            "f": lambda: self._open_panel("flags"),
            "i": self._toggle_info,
        }
        if key in moves:
            moves[key]()
            self._anew()
        elif key in remarks:
            remarks[key]()
        else:
            return False
        return True

    def _open_panel(self, name: str) -> None:
        self._panel = name if self._session.shown else ""

    def _toggle_info(self) -> None:
        self._info = not self._info

    def _anew(self) -> None:
        self.turn += 1
        self._view, self._drag = None, None

    def _look(self, key: str) -> bool:
        view = self._sight_view()
        if view is None:
            return False
        if key in _MOVES:
            seen = view.panned(*_MOVES[key])
        elif key == "z":
            near = view.zoom > 1
            seen = view.zoomed(0.0) if near else view.zoomed(AT_POINTER, self._pointer)
        else:
            seen = view.zoomed(_ZOOMS[key])
        changed, self._view = seen != view, seen
        return changed

    # The mouse, in pixels of the last frame; it may lie outside

    @property
    def dragging(self) -> bool:
        """Whether a box is being drawn."""
        return self._drag is not None

    def point(self, x: int, y: int) -> bool:
        """Take note of where the pointer is; whether that changes what is seen."""
        self._pointer = (x, y)
        view = self._sight_view()
        if self._drag is None or view is None:
            return False
        self._drag = (self._drag[0], view.to_picture(x, y))
        return True

    def push(self, x: int, y: int) -> bool:
        """Press the left button: begin a box, or take a picture out of the page."""
        width, height = self._stage_size()
        if self._panel or y >= height:
            return False
        if self._session.grid:
            at = sheet.hit(width, height, x, y)
            if at is not None:
                self._session.grid.toggle(at)
            return at is not None
        view = self._sight_view()
        if view:
            corner = view.to_picture(x, y)
            self._drag = (corner, corner)
        return False

    def let_go(self, x: int, y: int) -> bool:
        """Let the left button go: the box is set, unless it was hardly more than a click."""
        if not self._drag:
            return False
        self.point(x, y)
        box = Box.between(*self._drag)
        self._drag = None
        if box:
            self._session.set_box(box)
        return True

    # What is seen

    @property
    def loading(self) -> bool:
        """Whether pictures of the page were still being read when it was drawn last."""
        return self._session.grid is not None and self._lacking

    def read_ahead(self) -> None:
        """Claim and decode what comes next, while the person looks."""
        self._session.top_up()
        self._pictures.read(self._session.upcoming)

    def draw(self, width: int, height: int) -> Image:
        """Draw what is to be seen now, BGR uint8 (height, width, 3)."""
        self._size = (width, height)
        self._lacking = False
        if self._session.grid and not self._panel:
            return sheet.draw_page(self._page(), width, height)
        shot, view, notice = self._shot(), self._sight_view(), ""
        if self._session.shown is None:
            notice = f"Nothing to label\n{self._session.why_empty()}\nU undo · A look back · Q quit"
        elif shot is None:
            notice = "This picture cannot be shown\nreject it, or skip it with space"
        sight = Sight(shot.picture, view, self._box(), shot.fitted) if shot and view else None
        frame = Frame(self._bar(), sight, notice, self._tags(), self._open())
        return screen.draw(frame, width, height)

    def _shot(self) -> Shot | None:
        path = self._session.path()
        return self._pictures.get(path) if path else None

    def _ready_to_show(self, image: Image) -> Shot:
        """Make of a decoded picture what the screen wants; a thread does it ahead."""
        picture = ink.bgr(image)
        view = View(image.shape[1], image.shape[0], *self._stage_size())
        return Shot(picture, images.resize(picture, *view.size))

    def _sight_view(self) -> View | None:
        """How the picture on show is looked at now; None without a picture."""
        shot = self._shot()
        if shot is None or self._session.grid:
            return None
        if self._view is None:
            return View(shot.picture.shape[1], shot.picture.shape[0], *self._stage_size())
        return self._view.on_canvas(*self._stage_size())

    def _stage_size(self) -> tuple[int, int]:
        return screen.stage_size(*self._size, self._chips())

    def _box(self) -> Box | None:
        return Box.between(*self._drag) if self._drag else self._session.box

    def _open(self) -> Panel | None:
        session = self._session
        if self._panel == "help":
            return panels.help_panel(self._settings)
        if self._panel == "flags":
            return panels.flags_panel(self._settings, session.flags)
        return panels.info_panel(session.info()) if self._info and session.shown else None

    def _tags(self) -> tuple[Tag, ...]:
        session, tags = self._session, []
        if session.looking_back:
            colour = ink.parse_colour(self._settings.colours[session.looking_back])
            tags.append(Tag(f"looking back · you said {session.looking_back}", colour))
        if session.hint:
            hint = session.hint
            tags.append(Tag(f"{hint.model or 'model'}: {hint.label} {hint.score:.0%}", ink.ACCENT))
        tags += [Tag(flag.replace("_", " "), ink.AMBER) for flag in session.flags]
        if self._view and self._view.zoom > 1:
            tags.append(Tag(f"zoom {self._view.zoom:.1f}"))
        return tuple(tags)

    def _bar(self) -> Bar:
        done, total = self._session.progress()
        return Bar(
            headline=words.headline(self._session),
            detail=words.detail(self._session),
            share=done / total if total else 0.0,
            fault=bool(self._session.fault),
            chips=self._chips(),
        )

    def _chips(self) -> tuple[Chip, ...]:
        given, colours = self._session.looking_back, self._settings.colours
        return tuple(
            Chip(label, key, ink.parse_colour(colours[label]), label == given)
            for label, key in self._settings.keys.items()
        )

    # The page of pictures

    def _page(self) -> sheet.Page:
        grid = self._session.grid
        assert grid is not None  # noqa: S101 - asked for only then
        tiles = []
        for at, task in enumerate(grid.tasks):
            path = self._session.path_of(task.sha256)
            known = path is None or self._tiles.ready(path)
            picture = self._tile(path) if known else None
            self._lacking |= not known
            said = f"{task.hint.score:.0%}" if task.hint else ""
            if picture is None:
                said = "cannot be shown" if known else "…"
            tiles.append(sheet.Tile(picture, said, at in grid.odd))
        count = len(grid.agreed)
        title = (
            f"All {grid.label.replace('_', ' ')}?   Enter saves {count}  ·  a key or a click takes one out"
            "  ·  G next class  ·  Esc back"
        )
        return sheet.Page(
            title, tuple(tiles), ink.parse_colour(self._settings.colours[grid.label]), self._bar()
        )

    def _tile(self, path: Path | None) -> Image | None:
        return self._tiles.get(path) if path else None

    def _set_unseen_apart(self) -> None:
        """Take pictures that cannot be shown out of the page: nobody has seen them."""
        grid = self._session.grid
        for at, task in enumerate(grid.tasks if grid else ()):
            if grid and self._tile(self._session.path_of(task.sha256)) is None:
                grid.odd.add(at)
