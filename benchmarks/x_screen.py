"""A screen of its own for a window that is measured: keys pressed and pixels read from this process."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

WIDTH, HEIGHT = 1400, 1000
_Z_PIXMAP = 2
_ALL_PLANES = ctypes.c_ulong(0xFFFFFFFF)


class Screen:
    """A connection to an X screen: presses keys as a keyboard does (XTEST), and reads pixels."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._x, self._xtest = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
        for function in (self._x.XOpenDisplay, self._x.XGetImage):
            function.restype = ctypes.c_void_p
        self._x.XGetPixel.restype = ctypes.c_ulong
        self._x.XDefaultRootWindow.restype = ctypes.c_ulong
        self._display = ctypes.c_void_p(self._x.XOpenDisplay(name.encode()))
        self._root = ctypes.c_ulong(self._x.XDefaultRootWindow(self._display))

    def press(self, sign: str) -> None:
        """Press and release the key of an ASCII character."""
        code = self._x.XKeysymToKeycode(self._display, ctypes.c_ulong(ord(sign))) & 0xFF
        for down in (1, 0):
            self._xtest.XTestFakeKeyEvent(self._display, code, down, ctypes.c_ulong(0))
        self._x.XFlush(self._display)

    def pixel(self, x: int, y: int) -> int:
        """Give the colour of a pixel of the screen, 0xRRGGBB."""
        image = ctypes.c_void_p(
            self._x.XGetImage(self._display, self._root, x, y, 1, 1, _ALL_PLANES, _Z_PIXMAP)
        )
        colour = int(self._x.XGetPixel(image, 0, 0))
        self._x.XDestroyImage(image)
        return colour & 0xFFFFFF


@contextmanager
def opened() -> Iterator[Screen]:
    """Start Xvfb on a free display with a window manager."""
    read_end, write_end = os.pipe()
    words = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"]
    words += ["-noreset"]  # else it begins anew when its only client leaves, and refuses the window manager
    with subprocess.Popen(words, pass_fds=[write_end], stderr=subprocess.DEVNULL) as server:
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            name = f":{pipe.readline().strip()}"
        manager = subprocess.Popen(
            ["openbox"],
            env=os.environ | {"DISPLAY": name},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Screen(name)
        finally:
            for process in (manager, server):
                process.terminate()
                process.wait()
