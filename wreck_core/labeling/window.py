"""The OpenCV window over a LabelSession: keys in, frames out. No display, no window: a probe asks first."""

import subprocess
import sys
import time
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import cv2

from wreck_core import images
from wreck_core.errors import ImageRejectedError, WreckError
from wreck_core.images import Image
from wreck_core.labeling import screen
from wreck_core.labeling.session import LabelSession

TITLE = "Wreck Detect: labels"
FIRST_SIZE_PX = (1280, 860)
GUARD_S = 0.15  # a key this soon after a picture appeared was meant for the one before
REPEAT_S = 0.12  # the same key this soon again is a finger that rests on it
FIRST_REPEAT_S = 0.7  # until then the first automatic repeat may come; the second follows at once
PEEK_MS = 60
POLL_MS = 40
KEPT = 8  # decoded pictures
UNSEEN_LABEL = "reject"  # the only one for a picture that cannot be decoded
_ESCAPE, _BACKSPACE = 27, 8
# A window of its own process: without a display OpenCV's Qt aborts, it raises nothing.
_PROBE = "import cv2; cv2.namedWindow('probe'); cv2.waitKey(1); cv2.destroyAllWindows()"


def display_works() -> bool:
    """Whether a window can be opened here; asked in a child process, which may abort."""
    probe = subprocess.run(  # noqa: S603 - fixed words
        [sys.executable, "-c", _PROBE], capture_output=True, check=False, timeout=60
    )
    return probe.returncode == 0


class Pictures:
    """Decoded pictures: the one on show, and the next ones, read ahead by one thread."""

    def __init__(self) -> None:
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="decode")
        self._ahead: OrderedDict[Path, Future[Image]] = OrderedDict()

    def get(self, path: Path) -> Image | None:
        """Give the picture, or None when it cannot be decoded or read."""
        try:
            return self._request(path).result()
        except (ImageRejectedError, WreckError):
            return None

    def prepare(self, paths: list[Path]) -> None:
        """Start decoding what comes next."""
        for path in paths:
            self._request(path)

    def close(self) -> None:
        """Stop reading ahead."""
        self._reader.shutdown(wait=True, cancel_futures=True)

    def _request(self, path: Path) -> Future[Image]:
        if path not in self._ahead:
            self._ahead[path] = self._reader.submit(images.load, path)
        self._ahead.move_to_end(path)
        while len(self._ahead) > KEPT:
            self._ahead.popitem(last=False)
        return self._ahead[path]


class Cv2Window:
    """Shows a session until Q, Escape or the window's X."""

    def __init__(self, session: LabelSession) -> None:
        self._session, self._keys = session, session.settings.keys
        self._labels = {key.lower(): label for label, key in self._keys.items()}
        self._pictures = Pictures()
        self._size = FIRST_SIZE_PX
        self._shown_at = 0.0
        self._last_key, self._last_key_at = -1, 0.0
        self._waiting = -1  # a key that came while another was looked at

    def run(self) -> None:
        """Open the window and serve keys until it is closed. Raises WreckError without a display."""
        if not display_works():
            raise WreckError("no display here, so no window can open", fix="run it where there is a screen")
        try:
            cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
            cv2.resizeWindow(TITLE, *FIRST_SIZE_PX)
            self._paint()
            while self._serve():
                continue
        finally:
            self._pictures.close()
            cv2.destroyAllWindows()

    def _serve(self) -> bool:
        """Wait a moment for a key and act on it; False when the window is to close."""
        code = self._waiting if self._waiting != -1 else cv2.waitKeyEx(POLL_MS)
        self._waiting = -1
        if not self._is_open():
            return False
        if code != -1:
            if code in (_ESCAPE, ord("q"), ord("Q")):
                return False
            if self._act(code):
                self._paint()
        elif self._canvas_size() != self._size:
            self._paint()
        return True

    def _act(self, code: int) -> bool:
        """Do what the key means; False when it means nothing or came too soon."""
        now = time.monotonic()
        too_soon = now - self._shown_at < GUARD_S
        if self._rests(code, now) or too_soon:
            return False
        # Only plain characters: arrows and other named keys have codes above.
        key = " " if code == ord(" ") else chr(code).lower() if 0 <= code < 128 else ""
        shown_ms = round(1000 * (now - self._shown_at))
        if key in self._labels:
            label = self._labels[key]
            if label != UNSEEN_LABEL and not self._can_be_seen():
                return False
            self._session.label(label, shown_ms)
        elif key == " ":
            self._session.skip(shown_ms)
        elif key == "u" or code == _BACKSPACE:
            self._session.undo()
        elif key == "a":
            self._session.back()
        elif key == "d":
            self._session.forward()
        else:
            return False
        return True

    def _can_be_seen(self) -> bool:
        """Whether the picture on show is more than a placeholder."""
        path = self._session.path()
        return path is not None and self._pictures.get(path) is not None

    def _rests(self, code: int, now: float) -> bool:
        """Whether the key is held down. OpenCV tells no release, only repeats that come thick and fast."""
        gap_s = now - self._last_key_at if code == self._last_key else FIRST_REPEAT_S
        self._last_key, self._last_key_at = code, now
        if gap_s < REPEAT_S:
            return True
        if gap_s < FIRST_REPEAT_S:
            next_code = cv2.waitKeyEx(PEEK_MS)
            if next_code == code:
                self._last_key_at = time.monotonic()
                return True
            self._waiting = next_code
        return False

    def _paint(self) -> None:
        session = self._session
        path = session.path()
        picture = self._pictures.get(path) if path else None
        notice = ""
        if session.shown is None:
            notice = f"Nothing to label\n{session.why_empty()}"
        elif picture is None:
            notice = "This picture cannot be shown\nreject it or skip it"
        self._size = self._canvas_size()
        cv2.imshow(TITLE, screen.draw(picture, self._words(), *self._size, notice))
        self._shown_at = time.monotonic()
        self._pictures.prepare(session.upcoming)

    def _words(self) -> screen.Words:
        session = self._session
        done, total = session.progress()
        return screen.Words(
            headline=f"NOT SAVED: {session.fault}"
            if session.fault
            else session.message or "What do you see?",
            detail=f"{session.annotator} · {session.given} now · {session.rate_per_min():.0f} a minute"
            " · space skip · U undo · A D look back · Q quit",
            done=done,
            total=total,
            fault=bool(session.fault),
            keys=self._keys,
            given=session.looking_back,
        )

    def _canvas_size(self) -> tuple[int, int]:
        _, _, width, height = cv2.getWindowImageRect(TITLE)
        return (width, height) if width > 200 and height > 200 else FIRST_SIZE_PX

    def _is_open(self) -> bool:
        try:
            return cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:  # what Qt answers once the X was clicked
            return False
