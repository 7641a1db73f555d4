"""The real window on a screen of its own: keys go in, labels lie in the store."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import display
import numpy as np
import pandas as pd
import pytest

from wreck_core import images, params
from wreck_core.labeling import rebuild
from wreck_core.labeling.store import Store
from wreck_core.labeling.view import View
from wreck_core.layout import Layout
from wreck_core.stages import enqueue

LABEL = """
import sys
from pathlib import Path
from wreck_core import params
from wreck_core.layout import Layout
from wreck_core.stages import label
layout = Layout(Path(sys.argv[1]))
print(label.run(params.load(layout.params), layout, "ann", "primary").headline)
"""

pytestmark = [
    pytest.mark.display,
    pytest.mark.skipif(bool(display.missing()), reason=f"not installed: {', '.join(display.missing())}"),
]


def listed(layout: Layout, pictures: dict[str, Path]) -> None:
    """Write candidates.parquet as scraping does."""
    rows = [
        {
            "sha256": sha256,
            "path": path.relative_to(layout.root).as_posix(),
            "url": f"http://photos.example/{at}.jpg",
            "host": "photos.example",
            "bytes": path.stat().st_size,
            "format": "jpeg",
            "width": 640,
            "height": 420,
            "fetched_at": "2026-01-02T03:04:05Z",
            "license": None,
        }
        for at, (sha256, path) in enumerate(pictures.items())
    ]
    layout.candidates.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_parquet(layout.candidates)


@pytest.fixture
def queue(layout: Layout, pictures: dict[str, Path]) -> Layout:
    """A workspace in which twelve pictures wait, in the order of `pictures`; the second is broken."""
    broken = list(pictures.values())[1]
    broken.write_bytes(broken.read_bytes()[:400])
    listed(layout, pictures)
    settings = params.load(layout.params)
    fifo = settings.model_copy(update={"enqueue": settings.enqueue.model_copy(update={"order": "fifo"})})
    enqueue.run(fifo, layout)
    return layout


@pytest.fixture
def screen() -> Iterator[str]:
    with display.screen() as name:
        yield name


@contextmanager
def window(layout: Layout, screen: str) -> Iterator[subprocess.Popen[str]]:
    """Open the window as `wreck label` does; it is gone at the end, whatever happened."""
    words = [sys.executable, "-c", LABEL, str(layout.root)]
    env = os.environ | {"DISPLAY": screen}
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            display.wait_for_window(screen, "Wreck Detect")
            yield process
        finally:
            process.kill()


def keys(screen: str, *names: str) -> None:
    """Press keys at a person's pace; a key sooner than the guard is meant to be lost."""
    words = ["xdotool", "sleep", "0.9"]
    for name in names:
        words += ["key", name, "sleep", "0.8"]
    subprocess.run(words, env=os.environ | {"DISPLAY": screen}, check=True)


def said(layout: Layout) -> list[tuple[str, str | None]]:
    with Store(layout.label_db) as store:
        return [(event["kind"], event["label"]) for event in store.events()]


def test_keys_label_skip_undo_and_change(queue: Layout, screen: str, pictures: dict[str, Path]) -> None:
    with window(queue, screen) as process:
        # The second picture is broken: `1` does nothing there, `4` rejects it.
        keys(screen, "1", "1", "4", "2", "space", "u", "3", "Left", "a", "2", "q")
        assert process.communicate(timeout=30)[0].startswith("4 labels given")
    assert said(queue) == [
        ("label", "damaged"),
        ("label", "reject"),
        ("label", "undamaged"),
        ("skip", None),
        ("undo", None),
        ("label", "unsure"),
        ("label", "undamaged"),
    ]
    final = pd.read_csv(queue.labels).set_index("sha256").label
    assert [final[sha256] for sha256 in list(pictures)[:4]] == ["damaged", "reject", "undamaged", "undamaged"]


def test_a_key_that_is_held_down_gives_one_label(queue: Layout, screen: str) -> None:
    with window(queue, screen) as process:
        hold = [
            "xdotool",
            "sleep",
            "0.9",
            "keydown",
            "2",
            "sleep",
            "2",
            "keyup",
            "2",
            "sleep",
            "0.3",
            "key",
            "Escape",
        ]
        subprocess.run(hold, env=os.environ | {"DISPLAY": screen}, check=True)
        process.communicate(timeout=30)
    assert said(queue) == [("label", "undamaged")]


def test_after_kill_9_the_labels_are_there_and_the_next_window_goes_on(
    queue: Layout, screen: str, pictures: dict[str, Path]
) -> None:
    with window(queue, screen) as process:
        keys(screen, "2", "4")
        process.kill()
    with window(queue, screen) as process:
        keys(screen, "1", "q")
        process.communicate(timeout=30)
    with Store(queue.label_db) as store:
        answers = [(event["sha256"], event["label"]) for event in store.events()]
    assert answers == list(zip(list(pictures)[:3], ["undamaged", "reject", "damaged"], strict=True))


def judge(layout: Layout, screen: str, *names: str) -> None:
    """Press keys, each as soon as the one before is in the store and the next picture has been seen.

    A key that the guard swallowed is pressed again, as a person would.
    """
    with Store(layout.label_db) as store:
        for name in names:
            before = len(list(store.events()))
            for _ in range(5):
                display.act(screen, "sleep", "0.22", "key", name)
                deadline = time.monotonic() + 3
                while len(list(store.events())) == before and time.monotonic() < deadline:
                    time.sleep(0.01)
                if len(list(store.events())) > before:
                    break
            assert len(list(store.events())) == before + 1


def plain(layout: Layout, shades: list[tuple[int, int, int]]) -> list[str]:
    """Queue pictures of one colour each (red, green, blue); gives their sha256s in the order of the queue."""
    pictures = {}
    for shade in shades:
        data = images.encode(np.full((420, 640, 3), shade, np.uint8), "png")
        path = layout.image(hashlib.sha256(data).hexdigest(), "png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        pictures[path.stem] = path
    listed(layout, pictures)
    with rebuild.open_store(layout) as store:
        store.enqueue([(sha, -float(at)) for at, sha in enumerate(pictures)], "primary", "fifo")
    return list(pictures)


@pytest.mark.slow
def test_sixty_pictures_with_boxes_undo_and_a_kill(layout: Layout, screen: str) -> None:
    pictures = plain(layout, [(number * 4, 90, 255 - number * 4) for number in range(60)])
    given, undone, boxed = ["1", "2", "1", "4", "3"] * 12, (7, 40), (3, 30, 59)
    view = View(640, 420, 1280, 764)
    start, end = (tuple(map(round, view.to_canvas(*corner))) for corner in ((0.1, 0.2), (0.6, 0.9)))
    for part in (range(25), range(25, 60)):
        with window(layout, screen) as process:
            shown = display.wait_for_window(screen, "Wreck Detect")
            for at in part:
                if at in boxed:
                    display.drag(screen, shown, start, end)
                judge(layout, screen, *(["2", "u"] if at in undone else []), given[at])
            process.kill()
    names = dict(zip("1234", ["damaged", "undamaged", "unsure", "reject"], strict=True))
    with Store(layout.label_db) as store:
        final = {row["sha256"]: row for row in store.current_labels()}
        assert [final[sha]["label"] for sha in pictures] == [names[key] for key in given]
        assert [event["kind"] for event in store.events()].count("undo") == 2
        for at, sha in enumerate(pictures):
            box = [final[sha][side] for side in "xywh"]
            assert box == (pytest.approx([0.1, 0.2, 0.5, 0.7], abs=0.003) if at in boxed else [None] * 4)


def test_the_wheel_brings_no_zoom_that_stays_and_keys_go_on_working(queue: Layout, screen: str) -> None:
    with window(queue, screen) as process:
        shown = display.wait_for_window(screen, "Wreck Detect")
        display.act(screen, "sleep", "0.5", "mousemove", "--window", shown, "500", "300", "click", "4")
        display.act(screen, "sleep", "1.5")
        again = display.wait_for_window(screen, "Wreck Detect")
        assert again != shown
        view = View(640, 420, 1280, 764)
        corners = [tuple(map(round, view.to_canvas(*corner))) for corner in ((0.25, 0.25), (0.75, 0.75))]
        display.drag(screen, again, *corners)
        judge(queue, screen, "1")
        keys(screen, "q")
        process.communicate(timeout=30)
    with Store(queue.label_db) as store:
        (row,) = store.current_labels()
    assert [row[side] for side in "xywh"] == pytest.approx([0.25, 0.25, 0.5, 0.5], abs=0.003)


@pytest.mark.slow
def test_what_the_screen_acknowledged_survives_ten_kills(layout: Layout, screen: str) -> None:
    shades = [(number * 6, 255 - number * 6, 60) for number in range(40)]
    pictures = plain(layout, shades)
    acknowledged = 0
    for _ in range(10):
        with window(layout, screen) as process:
            for _ in range(3):
                wait_for_shade(screen, shades[acknowledged])
                display.act(screen, "sleep", "0.25", "key", "2")
                wait_for_shade(screen, shades[acknowledged + 1])
                acknowledged += 1
            process.kill()
    with Store(layout.label_db) as store:
        assert [event["sha256"] for event in store.events()] == pictures[:acknowledged]


def wait_for_shade(screen: str, shade: tuple[int, int, int]) -> None:
    """Wait until the middle of the picture has this colour (red, green, blue)."""
    words = ["import", "-silent", "-window", "root", "-crop", "1x1+700+450", "-depth", "8", "rgb:-"]
    deadline = time.monotonic() + 60
    seen = b""
    while seen != bytes(shade):
        assert time.monotonic() < deadline, f"{seen!r} on the screen instead of {shade}"
        seen = subprocess.run(
            words, env=os.environ | {"DISPLAY": screen}, capture_output=True, check=True
        ).stdout


def test_closing_by_the_x_ends_the_session(queue: Layout, screen: str) -> None:
    with window(queue, screen) as process:
        words = ["xdotool", "sleep", "0.9", "key", "alt+F4"]  # what openbox does for a click on the X
        subprocess.run(words, env=os.environ | {"DISPLAY": screen}, check=True)
        assert "0 labels given" in process.communicate(timeout=30)[0]


def test_without_a_display_it_says_so_and_does_not_abort(queue: Layout) -> None:
    words = [sys.executable, "-c", LABEL, str(queue.root)]
    bare = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(words, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no display" in done.stderr
