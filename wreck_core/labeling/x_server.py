"""What X knows and OpenCV does not tell: which keys are held down, and how large the screen is.

Reference: XQueryKeymap(3), XKeysymToKeycode(3), XDisplayHeight(3).
"""

import ctypes
import ctypes.util
from typing import Self

_MODIFIERS = (*range(0xFFE1, 0xFFEF), 0xFF7F, 0xFF7E, 0xFE03)  # keysyms: Shift_L … Hyper_R, locks, AltGr
_KEYMAP_BYTES = 32  # one bit for each key code


class XServer:
    """A connection of our own to the X server."""

    def __init__(self, library: ctypes.CDLL, display: ctypes.c_void_p) -> None:
        self._x11, self._display = library, display
        self._keymap = ctypes.create_string_buffer(_KEYMAP_BYTES)
        ignored = {library.XKeysymToKeycode(display, ctypes.c_ulong(sym)) & 0xFF for sym in _MODIFIERS}
        self._mask = ~sum(1 << keycode for keycode in ignored)

    @classmethod
    def connect(cls) -> Self | None:
        """Connect to the display of the environment; None where there is no X."""
        name = ctypes.util.find_library("X11")
        if name is None:
            return None
        library = ctypes.CDLL(name)
        library.XOpenDisplay.restype = ctypes.c_void_p
        display = ctypes.c_void_p(library.XOpenDisplay(None))
        return cls(library, display) if display else None

    def any_key_down(self) -> bool:
        """Whether any key but a modifier is held down."""
        self._x11.XQueryKeymap(self._display, self._keymap)
        return bool(int.from_bytes(self._keymap.raw, "little") & self._mask)

    def screen_size(self) -> tuple[int, int]:
        """Width and height of the screen in pixels."""
        return self._x11.XDisplayWidth(self._display, 0), self._x11.XDisplayHeight(self._display, 0)

    def close(self) -> None:
        """End the connection."""
        self._x11.XCloseDisplay(self._display)
