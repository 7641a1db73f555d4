"""What keys and the mouse mean, and what is then to be seen: the labelling window without the window."""

from wreck_core.images import Image
from wreck_core.labeling import easel, keyboard, panels, screen, sheet, signs, words
from wreck_core.labeling.easel import Easel
from wreck_core.labeling.grid import Grid
from wreck_core.labeling.panels import Panel
from wreck_core.labeling.screen import Frame, Tag
from wreck_core.labeling.session import UNSEEN_LABEL, LabelSession
from wreck_core.labeling.tiles import Tiles

_LEAVE = ("q", keyboard.ESCAPE)


class Desk:
    """Turns keys (as `keyboard.name` names them) and mouse places into what a session does, and draws it.

    `turn` grows whenever another picture, or another page of them, is to be judged. `closing` says
    that the person wants to stop. The mouse comes in pixels of the last frame; it may lie outside.
    """

    def __init__(self, session: LabelSession) -> None:
        self.turn, self.closing = 0, False
        self._session, self._settings = session, session.settings
        self._labels = {key.lower(): label for label, key in self._settings.keys.items()}
        self._easel, self._tiles = Easel(session), Tiles(session)
        self._panel = ""  # "help" or "flags": takes the keys while it is open
        self._info = False

    def close(self) -> None:
        """Stop reading ahead."""
        self._easel.close()
        self._tiles.close()

    def repeats(self, key: str) -> bool:
        """Whether a key does harmless things, so that it may be held down."""
        return not self._panel and not self._session.grid and (key in easel.MOVES or key in easel.ZOOMS)

    def press(self, key: str, shown_ms: int) -> bool:
        """Do what a key means; False when it means nothing here. `shown_ms`: since the picture was shown."""
        if self._panel:
            return self._press_in_panel(key)
        if key in ("h", "?"):
            self._panel = "help"
        elif self._session.grid:
            return self._press_in_grid(self._session.grid, key, shown_ms)
        elif key in self._labels:
            return self._label(self._labels[key], shown_ms)
        elif key in easel.MOVES or key in easel.ZOOMS or key == "z":
            return self._easel.look(key)
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

    def _press_in_grid(self, grid: Grid, key: str, shown_ms: int) -> bool:
        if key and key in sheet.KEYS:
            grid.toggle(sheet.KEYS.index(key))
        elif key == keyboard.ENTER:
            if self.loading:
                return False
            self._tiles.set_unseen_apart(grid)
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
        if label != UNSEEN_LABEL and not self._easel.seen:
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
        self._easel.clear()

    @property
    def dragging(self) -> bool:
        """Whether a box is being drawn."""
        return self._easel.dragging

    def point(self, x: int, y: int) -> bool:
        """Take note of where the pointer is; whether that changes what is seen."""
        return self._easel.point(x, y)

    def push(self, x: int, y: int) -> bool:
        """Press the left button: begin a box, or take a picture out of the page."""
        width, height = self._easel.stage_size()
        if self._panel or y >= height:
            return False
        if self._session.grid:
            at = sheet.hit(width, height, x, y)
            if at is not None:
                self._session.grid.toggle(at)
            return at is not None
        self._easel.begin_box(x, y)
        return False

    def let_go(self, x: int, y: int) -> bool:
        """Let the left button go: the box is set, unless it was hardly more than a click."""
        return self._easel.end_box(x, y)

    @property
    def loading(self) -> bool:
        """Whether pictures of the page were still being read when it was drawn last."""
        return self._session.grid is not None and not self._panel and self._tiles.lacking

    def read_ahead(self) -> None:
        """Claim and decode what comes next, while the person looks."""
        self._session.top_up()
        self._easel.read_ahead()

    def draw(self, width: int, height: int) -> Image:
        """Draw what is to be seen now, BGR uint8 (height, width, 3)."""
        self._easel.size = (width, height)
        session = self._session
        if session.grid and not self._panel:
            return sheet.draw_page(self._tiles.page(session.grid), width, height)
        notice = ""
        if session.shown is None:
            notice = f"Nothing to label\n{words.why_empty(session)}\nU undo · A look back · Q quit"
        elif not self._easel.seen:
            notice = "This picture cannot be shown\nreject it, or skip it with space"
        tags = signs.tags(session)
        if self._easel.zoom > 1:
            tags.append(Tag(f"zoom {self._easel.zoom:.1f}"))
        frame = Frame(signs.bar(session), self._easel.sight(), notice, tuple(tags), self._open())
        return screen.draw(frame, width, height)

    def _open(self) -> Panel | None:
        session = self._session
        if self._panel == "help":
            return panels.help_panel(self._settings)
        if self._panel == "flags":
            return panels.flags_panel(self._settings, session.draft.flags)
        return panels.info_panel(session.info()) if self._info and session.shown else None
