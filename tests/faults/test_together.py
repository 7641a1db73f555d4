"""R11, R12, R19: two at once, bits that flip, clocks that jump."""

import fcntl
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
import pandas as pd
import pytest
from faulted import Step, dataset, differing
from faulty import Commands
from pages import Pages

from wreck_core import files
from wreck_core.labeling.records import Answer
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import verify

Record = Callable[[str, object], None]


def copy_of(folder: Path, target: Path) -> Layout:
    return Layout(Path(shutil.copytree(folder, target, symlinks=True)))


@pytest.mark.parametrize("name", ["scrape", "takedown"])
def test_a_second_one_is_told_who_is_at_work_and_labelling_goes_on(
    name: str,
    pipeline: dict[str, Step],
    commands: Commands,
    web: Pages,
    tmp_path: Path,
    record_property: Record,
) -> None:
    layout = copy_of(pipeline["dedup"].before, tmp_path / "work")
    with Store(layout.label_db) as window:
        window.enqueue([("a" * 64, 0.0), ("b" * 64, 0.0)], "primary", "fifo")
        with files.locked(layout.locks, "scrape"):
            began = time.monotonic()
            run = commands.run(layout.root, *pipeline[name].words)
            took_s = time.monotonic() - began
            for task in window.claim("ann", "primary", 2):
                window.answer(task, "ann", Answer("damaged"))
        assert (run.code, run.said.count("error:")) == (75, 1), run.said
        assert "is held by process" in run.said
        assert window.counts("primary")["open"] == 0
    record_property("R11", f"`{name}`: the other is named after {took_s:.2f} s")


def test_a_lock_that_a_kill_left_never_blocks(
    pipeline: dict[str, Step], commands: Commands, web: Pages, tmp_path: Path
) -> None:
    step = pipeline["scrape"]
    layout = copy_of(step.before, tmp_path / "work")
    killed = commands.run(layout.root, *step.words, at=("write .wreck/locks/scrape.lock", 1))
    assert killed.code == -9
    with (layout.locks / "scrape.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert commands.run(layout.root, *step.words).code == 0


def test_one_flipped_bit_in_each_of_two_hundred_objects_is_named(
    params: Params, layout: Layout, record_property: Record
) -> None:
    import answered
    import tiny
    from dvc.repo import Repo

    from wreck_core import dvcio

    answered.fill(layout, 200)
    layout.manifest.unlink()
    tiny.git(layout.root, "init", "-q", "-b", "main")
    Repo.init(str(layout.root)).close()
    layout.dvc_yaml.write_text("stages: {}\n")
    dvcio.snapshot(layout.root, [layout.images])
    objects, _ = dvcio.recorded_objects(layout.root)
    pictures = sorted(layout.images.glob("*/*"))
    cached = sorted(path for path in objects.glob("??/*") if not path.name.endswith(".dir"))
    draw = np.random.default_rng(29)
    for path in (*pictures, *cached):
        data = bytearray(path.read_bytes())
        data[draw.integers(len(data))] ^= 1 << draw.integers(8)
        mode = path.stat().st_mode
        path.chmod(0o644)
        path.write_bytes(data)
        path.chmod(mode)
    faults = verify.run(params, layout).data["faults"]
    named = {(fault["kind"], fault["where"]) for fault in faults}
    assert named == {("picture changed", layout.relative(path)) for path in pictures} | {
        ("cache rotten", str(path)) for path in cached
    }
    assert len(pictures) == len(cached) == 200
    record_property("R12", "200 of 200 in the store and 200 of 200 in the cache named")


@pytest.mark.slow
def test_a_clock_that_jumps_changes_no_result_and_makes_no_time_negative(
    pipeline: dict[str, Step], commands: Commands, web: Pages, tmp_path: Path, record_property: Record
) -> None:
    layout = copy_of(pipeline["scrape"].before, tmp_path / "work")
    names = ("scrape", "labels import", "enqueue", "dedup", "dataset")
    for name in names:
        run = commands.run(layout.root, *pipeline[name].words, jumping=True)
        assert run.code == 0, run.said
    assert differing(dataset(layout), dataset(Layout(pipeline["dataset"].after))) == []
    with closing(sqlite3.connect(layout.ledger)) as ledger:
        rows = ledger.execute("SELECT ms, tried_at FROM urls").fetchall()
    assert min(ms for ms, _ in rows) >= 0
    years = {tried_at[:4] for _, tried_at in rows}
    assert len(years) > 1  # the clock did jump
    logged = [
        json.loads(line)["ms"]
        for path in layout.logs.glob("*.jsonl")
        for line in path.read_text().splitlines()
    ]
    assert min(logged) >= 0
    record_property(
        "R19",
        f"{len(names)} commands, -1 day and +10 years: same dataset, no time below {min(logged)} ms",
    )


@contextmanager
def label_page(layout: Layout) -> Iterator[tuple[subprocess.Popen[str], Callable[..., dict[str, Any]]]]:
    """Serve the labelling page by its own command; gives the process, and what asks it as its page does."""
    words = [sys.executable, "-m", "wreck_core", "--workspace", str(layout.root), "label", "--web"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        link = process.stderr.readline().split()[1]

        def ask(name: str, do: str, **facts: Any) -> dict[str, Any]:
            body = json.dumps({"as": name, "do": do, **facts}).encode()
            question = Request(f"{link}decide", body, {"Content-Type": "application/json"})  # noqa: S310 - our own
            with urlopen(question, timeout=60) as answer:  # noqa: S310 - our own
                return json.loads(answer.read())

        try:
            yield process, ask
        finally:
            process.kill()


def test_a_takedown_and_a_scrape_while_people_label_lose_no_answer(
    pipeline: dict[str, Step], commands: Commands, web: Pages, tmp_path: Path, record_property: Record
) -> None:
    step = pipeline["scrape"]
    layout = copy_of(step.after, tmp_path / "work")
    assert commands.run(layout.root, "enqueue").code == 0
    told: dict[str, str] = {}
    with label_page(layout) as (process, ask):

        def label(name: str, pictures: int) -> None:
            shown = ask(name, "open")["shown"]
            for at in range(pictures):
                after = ask(name, "label", shown=shown, label=("damaged", "undamaged")[at % 2])
                assert not after["fault"], after
                told[shown] = name
                shown = after["shown"]

        people = [threading.Thread(target=label, args=(name, 4)) for name in ("ann", "ben")]
        for person in people:
            person.start()
        assert commands.run(layout.root, *step.words, "--retry", "ok").code == 0
        assert commands.run(layout.root, "labels", "export").code == 0
        for person in people:
            person.join()
        assert len(told) == 8
        on_show = ask("ann", "open")["shown"]
        assert ask("ann", "back")["shown"] in told
        # What ann is asked for, what she looks back at, and all that she has said besides.
        for sha256 in (on_show, *(sha for sha, who in told.items() if who == "ann")):
            run = commands.run(layout.root, "takedown", sha256)
            assert run.code == 0, run.said
        for move in ("open", "forward"):
            late = ask("ann", "label", shown=ask("ann", move)["shown"], label="damaged")
            assert late["fault"]
        assert "meanwhile" in late["detail"]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    kept = {sha for sha, who in told.items() if who == "ben"}
    assert {event["sha256"] for event in told_events(layout)} == kept
    assert set(pd.read_csv(layout.labels)["sha256"]) == kept
    record_property("R11", f"{len(told)} labels through a scrape, an export and 5 takedowns: 0 lost")


def told_events(layout: Layout) -> list[dict[str, Any]]:
    with Store(layout.label_db) as store:
        return [event for event in store.events() if event["kind"] == "label"]
