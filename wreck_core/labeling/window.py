"""The OpenCV window: codes and mouse events in, frames out. No display, no window: a probe asks first."""

import subprocess
import sys
import time
from collections.abc import Callable

import cv2

from wreck_core.errors import WreckError
from wreck_core.labeling import keyboard
from wreck_core.labeling.desk import Desk
from wreck_core.labeling.ink import FIRST_SIZE_PX
from wreck_core.labeling.session import LabelSession
from wreck_core.labeling.x_server import XServer

TITLE = "Wreck Detect: labels"
GUARD_S = 0.15  # a key this soon after a picture appeared was meant for the one before
POLL_MS = 100
BUSY_POLL_MS = 10  # while a finger rests, a box is drawn or a page is being read
SETTLE_MS = 150  # until the window manager has dealt with a new or moved window
LOOK_AGAIN_S = 3.0  # how often an empty queue is asked
LEAST_PX = 200  # a smaller window is being opened, or put away
# A window of its own process: without a display OpenCV's Qt aborts, it raises nothing.
_PROBE = "import cv2; cv2.namedWindow('probe'); cv2.waitKey(1); cv2.destroyAllWindows()"


def _fitting(screen: tuple[int, int]) -> tuple[int, int]:
    """Give the size of the first window: on a small screen it leaves room for a title and a task bar."""
    return min(FIRST_SIZE_PX[0], round(screen[0] * 0.95)), min(FIRST_SIZE_PX[1], round(screen[1] * 0.86))


def display_works() -> bool:
    """Whether a window can be opened here; asked in a child process, which may abort."""
    probe = subprocess.run(  # noqa: S603 - fixed words
        [sys.executable, "-c", _PROBE], capture_output=True, check=False, timeout=60
    )
    return probe.returncode == 0


class Cv2Window:
    """Shows a session until Q, Escape or the window's X."""

    def __init__(self, session: LabelSession) -> None:
        self._session, self._desk = session, Desk(session)
        self._finger = keyboard.Finger(None, self._peek)
        self._size = FIRST_SIZE_PX
        self._turn, self._shown_at = -1, 0.0
        self._waiting = -1  # a code that came while another was looked at
        self._changed = self._turned_wheel = self._fresh = False
        self._asked_at = 0.0

    def run(self) -> None:
        """Open the window and serve keys until it is closed. Raises WreckError without a display."""
        self._within(self._serve)

    def rehearse(self) -> tuple[int, int]:
        """Open, paint, close: give the size that was painted. Raises WreckError when no window came up."""
        tries = iter(range(100))

        def until_visible() -> bool:
            cv2.waitKeyEx(POLL_MS)
            return not (self._is_open() and self._canvas_size()) and next(tries, None) is not None

        self._within(until_visible)
        if next(tries, None) is None:
            raise WreckError("the window was opened, but never came to be seen")
        return self._size

    def _within(self, step: Callable[[], bool]) -> None:
        if not display_works():
            raise WreckError("no display here, so no window can open", fix="use `wreck label --web`")
        server = XServer.connect()
        if server:
            self._finger = keyboard.Finger(server.any_key_down, self._peek)
        try:
            self._open(_fitting(server.screen_size()) if server else FIRST_SIZE_PX)
            while step():
                continue
        finally:
            self._desk.close()
            cv2.destroyAllWindows()
            if server:
                server.close()

    def _open(self, size: tuple[int, int]) -> None:
        self._size = size
        # Anything but the plain window brings a toolbar; the callback must wait for the window.
        cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
        cv2.resizeWindow(TITLE, *size)
        cv2.setMouseCallback(TITLE, self._on_mouse)
        self._paint()

    def _serve(self) -> bool:
        """Wait a moment for a key and act on it; False when the window is to close."""
        code = self._waiting if self._waiting != -1 else cv2.waitKeyEx(self._patience_ms())
        self._waiting = -1
        self._finger.watch()
        if self._fresh:  # the frame is on the screen by now: what takes time may follow
            self._fresh = False
            self._desk.read_ahead()
        if not self._is_open():
            return False
        if self._turned_wheel:
            self._reopen()
        if code != -1:
            self._act(code)
        if self._changed or self._desk.loading or self._is_resized() or self._has_more():
            self._paint()
        return not self._desk.closing

    def _patience_ms(self) -> int:
        """How long to wait for a key; a frame that was given to OpenCV is painted while it waits."""
        if self._fresh:
            return 1
        busy = self._finger.resting or self._desk.dragging or self._desk.loading
        return BUSY_POLL_MS if busy else POLL_MS

    def _act(self, code: int) -> None:
        now, key = time.monotonic(), keyboard.name(code)
        since_s = now - self._shown_at
        held = self._finger.held(code, now)
        if not self._desk.repeats(key) and (held or since_s < GUARD_S):
            return
        self._changed |= self._desk.press(key, round(1000 * since_s))

    def _on_mouse(self, event: int, x: int, y: int, flags: int, param: object) -> None:
        """Take a mouse event: OpenCV calls it while it waits for a key. Nothing is drawn in here."""
        if event == cv2.EVENT_MOUSEWHEEL:
            # Away from the person: nearer. The other way Qt does not go beyond fitted.
            self._turned_wheel |= flags > 0
        elif event == cv2.EVENT_LBUTTONDOWN:
            self._changed |= self._desk.push(x, y)
        elif event == cv2.EVENT_LBUTTONUP:
            self._changed |= self._desk.let_go(x, y)
        elif event == cv2.EVENT_MOUSEMOVE:
            self._changed |= self._desk.point(x, y)

    def _paint(self) -> None:
        self._changed = False
        self._size = self._canvas_size() or self._size
        cv2.imshow(TITLE, self._desk.draw(*self._size))
        if self._turn != self._desk.turn:
            self._turn, self._shown_at = self._desk.turn, time.monotonic()
        self._fresh = True

    def _reopen(self) -> None:
        """Begin a new window: the wheel has scaled Qt's own canvas, and only that takes it back.

        Reference: https://github.com/opencv/opencv/issues/11500
        """
        left, top, *_ = cv2.getWindowImageRect(TITLE)
        self._turned_wheel = False
        cv2.destroyWindow(TITLE)
        self._session.message = "zoom with + and -, or with Z where the pointer is"
        self._open(self._size)
        cv2.waitKeyEx(SETTLE_MS)
        cv2.moveWindow(TITLE, left, top)
        cv2.waitKeyEx(SETTLE_MS)
        # A place is asked for the frame and told of the canvas: what they differ by is taken off.
        told_left, told_top, *_ = cv2.getWindowImageRect(TITLE)
        cv2.moveWindow(TITLE, 2 * left - told_left, 2 * top - told_top)

    def _peek(self, code: int) -> bool:
        """Whether the same code follows at once."""
        following = cv2.waitKeyEx(keyboard.PEEK_MS)
        if following != code:
            self._waiting = following
        return following == code

    def _has_more(self) -> bool:
        """Whether an empty queue has something by now."""
        now = time.monotonic()
        if self._session.shown is not None or now - self._asked_at < LOOK_AGAIN_S:
            return False
        self._asked_at = now
        self._session.top_up()
        return self._session.shown is not None

    def _is_resized(self) -> bool:
        return (self._canvas_size() or self._size) != self._size

    def _canvas_size(self) -> tuple[int, int] | None:
        _, _, width, height = cv2.getWindowImageRect(TITLE)
        return (width, height) if width > LEAST_PX and height > LEAST_PX else None

    def _is_open(self) -> bool:
        try:
            return cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:  # what Qt answers once the X was clicked
            return False
