"""The real window on a screen of its own: keys go in, labels lie in the store."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import display
import pandas as pd
import pytest

from wreck_core import params
from wreck_core.labeling.store import Store
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
