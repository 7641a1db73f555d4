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
    words += ["-noreset"]  # else the server begins anew when its only client leaves, and refuses the next
    with subprocess.Popen(words, pass_fds=[write_end], stderr=subprocess.DEVNULL) as server:
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            display = f":{pipe.readline().strip()}"
        with subprocess.Popen(
            ["openbox"], env=os.environ | {"DISPLAY": display}, stderr=subprocess.DEVNULL
        ) as manager:
            try:
                # A window that is older than its manager gets no keys: Alt+F4 would be nobody's.
                wait_for_answer(display, "get_num_desktops")
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
    """Wait until a window with the title is to be seen; gives its number."""
    return wait_for_answer(display, "search", "--onlyvisible", "--name", title).split()[0]


def wait_for_answer(display: str, *words: str) -> str:
    """Ask xdotool until it answers: a window that goes away meanwhile makes it fail, too."""
    env, deadline = os.environ | {"DISPLAY": display}, time.monotonic() + 60
    while time.monotonic() < deadline:
        done = subprocess.run(["xdotool", *words], env=env, capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout:
            return done.stdout
    raise AssertionError(f"no answer on {display}: xdotool {' '.join(words)}")
