"""A screen of its own for a window under test, the keys that a person presses, and what is to be seen."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

NEEDED = ("Xvfb", "openbox", "xdotool")


def missing() -> list[str]:
    """Name the programs that this machine lacks."""
    return [name for name in NEEDED if shutil.which(name) is None]


@contextmanager
def screen(width: int = 1400, height: int = 1000) -> Iterator[str]:
    """Start Xvfb on a free display with a window manager; yields the display's name, such as ":101"."""
    read_end, write_end = os.pipe()
    words = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    with subprocess.Popen(words, pass_fds=[write_end], stderr=subprocess.DEVNULL) as server:
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            display = f":{pipe.readline().strip()}"
        with subprocess.Popen(
            ["openbox"], env=os.environ | {"DISPLAY": display}, stderr=subprocess.DEVNULL
        ) as manager:
            try:
                yield display
            finally:
                manager.terminate()
                server.terminate()


def act(display: str, *words: str) -> None:
    """Do something with keyboard or mouse, in the words of xdotool."""
    subprocess.run(["xdotool", *words], env=os.environ | {"DISPLAY": display}, check=True)


def drag(display: str, window: str, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Drag with the left button between two places of a window."""
    words = ["mousemove", "--window", window, *map(str, start), "sleep", "0.15", "mousedown", "1"]
    words += [
        "sleep",
        "0.1",
        "mousemove",
        "--window",
        window,
        str(end[0] - 9),
        str(end[1] - 9),
        "sleep",
        "0.1",
    ]
    words += ["mousemove", "--window", window, *map(str, end), "sleep", "0.1", "mouseup", "1", "sleep", "0.2"]
    act(display, *words)


def wait_for_window(display: str, title: str) -> str:
    """Wait until a window with the title is to be seen and the window manager gives it the keys; its number.

    Seen is not enough: before the manager runs, a window is drawn, but Alt+F4 is nobody's.
    """
    env, deadline = os.environ | {"DISPLAY": display}, time.monotonic() + 60
    # A window that goes away while it is looked at makes xdotool itself fail: look again.
    active = ["xdotool", "getactivewindow", "getwindowname", "getactivewindow"]
    while time.monotonic() < deadline:
        done = subprocess.run(active, env=env, capture_output=True, text=True, check=False)
        name, _, number = done.stdout.strip().rpartition("\n")
        if done.returncode == 0 and title in name:
            return number
    raise AssertionError(f"no window {title!r} came up")
