"""What a key code means, and whether a finger still rests on the key.

OpenCV tells presses and automatic repeats alike, and no releases. X knows what is held down: asked
between two codes, it tells a repeat from a second press without making the second press wait.
"""

from collections.abc import Callable

ESCAPE, ENTER, BACKSPACE = "escape", "enter", "backspace"
# Full codes of waitKeyEx under X (keysyms) and Windows (virtual keys in the upper half); its lower byte
# alone would make Q of Left.
_NAMED = {
    **dict.fromkeys((8, 0xFF08), BACKSPACE),
    **dict.fromkeys((27, 0xFF1B), ESCAPE),
    **dict.fromkeys((10, 13, 0xFF0D, 0xFF8D), ENTER),
    **dict.fromkeys((0xFF51, 0x250000), "left"),
    **dict.fromkeys((0xFF52, 0x260000), "up"),
    **dict.fromkeys((0xFF53, 0x270000), "right"),
    **dict.fromkeys((0xFF54, 0x280000), "down"),
    0xFFAB: "+",
    0xFFAD: "-",
}
REPEAT_S = 0.12  # the same code this soon again is never a second press
FIRST_REPEAT_S = 0.75  # until then the first automatic repeat may come; the second follows at once
PEEK_MS = 60


def name(code: int) -> str:
    """Name a code of waitKeyEx: a lower-case character, or a word such as `left`; "" for any other."""
    if code in _NAMED:
        return _NAMED[code]
    return chr(code).lower() if 0 < code < 128 else ""


class Finger:
    """Tells a press from the repeats of a key that is held down.

    `watch` is to be called between codes, often while `resting`; `held` for each code, with the time in
    seconds. `peek` waits for the next code: the way out where X cannot be asked.
    """

    def __init__(self, any_key_down: Callable[[], bool] | None, peek: Callable[[int], bool]) -> None:
        self._any_key_down, self._peek = any_key_down, peek
        self._code, self._at = -1, 0.0
        self._rests = False

    @property
    def resting(self) -> bool:
        """Whether the last key may still be down."""
        return self._rests

    def watch(self) -> None:
        """Look whether the finger was lifted."""
        if self._rests and self._any_key_down and not self._any_key_down():
            self._rests = False

    def held(self, code: int, now: float) -> bool:
        """Whether this code is a repeat."""
        gap_s = now - self._at if code == self._code else FIRST_REPEAT_S
        rested = self._rests and code == self._code
        self._code, self._at, self._rests = code, now, self._any_key_down is not None
        if gap_s < REPEAT_S:
            return True
        if self._any_key_down:
            return rested
        return gap_s < FIRST_REPEAT_S and self._peek(code)
