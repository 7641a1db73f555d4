"""Whatever a session said that it saved is there, however often its process is killed."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from wreck_core.labeling.store import Store

REPOSITORY = Path(__file__).parents[2]
# A process that has imported the project, and forks a session for each line that it is given, so that a
# kill costs no imports. A session labels, skips, changes and takes back; each uid is told once it is saved.
LABEL = """
import os, random, sys
from pathlib import Path
from wreck_core import params
from wreck_core.labeling.records import Box
from wreck_core.labeling.session import LabelSession
from wreck_core.labeling.store import Store

settings = params.load(Path("params.yaml")).labels

def label(seed):
    chance = random.Random(seed)
    with Store(Path(sys.argv[1])) as store:
        session = LabelSession(store, {}, "ann", "primary", settings)
        number = 0
        while session.shown:
            number += 1
            uid = f"{seed}-{number}"
            session.set_box(Box(0.25, 0.25, 0.5, 0.5))
            session.toggle_flag("blurry")
            draw = chance.random()
            if draw < 0.1 and session.looking_back is None:
                saved = session.skip(uid=uid)
            elif draw < 0.2:
                saved = session.undo(uid=uid)
            else:
                if draw < 0.3:
                    session.back()
                saved = session.label(chance.choice(["damaged", "undamaged"]), 700, uid=uid)
            if saved:
                os.write(1, f"{uid}\\n".encode())  # print may write the end of the line by itself

for line in sys.stdin:
    child = os.fork()
    if not child:
        try:
            os.write(1, f"{os.getpid()}\\n".encode())  # by the session itself: before its first answer
            label(line.strip())
        finally:
            os._exit(1)
    print("ended by", -os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.parametrize("kills", [25, pytest.param(1000, marks=pytest.mark.slow)])
def test_every_answer_that_was_told_saved_survives_kills_at_random_moments(
    kills: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    path, chance = tmp_path / "labels.db", np.random.default_rng(5)
    told: set[str] = set()
    with Store(path) as store:
        # More than a fast machine answers: the sessions must not come to the end of the queue.
        store.enqueue([(f"{number:064x}", 0.0) for number in range(60 * kills)], "primary", "fifo")
    words = [sys.executable, "-c", LABEL, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(words, cwd=REPOSITORY, text=True, **pipes) as process:
        for kill in range(kills):
            print(kill, file=process.stdin, flush=True)
            session = int(process.stdout.readline())
            told |= {process.stdout.readline().strip() for _ in range(chance.integers(1, 31))}
            time.sleep(chance.random() / 50)
            os.kill(session, signal.SIGKILL)
            while (word := process.stdout.readline().strip()) != f"ended by {signal.SIGKILL}":
                assert word.startswith(f"{kill}-")
                told.add(word)
            with closing(sqlite3.connect(path)) as database:
                assert database.execute("PRAGMA quick_check").fetchone() == ("ok",)
        process.stdin.close()
    with Store(path) as store:
        kept = {event["uid"]: event for event in store.events()}
        assert store.counts("primary")["done"] == len(store.current_labels())
    # What was killed between the commit and the telling is there besides, one for each kill at most.
    assert told <= set(kept)
    assert len(kept) - len(told) <= kills
    assert all(event["w"] == 0.5 for event in kept.values() if event["kind"] == "label")
    assert len(told) > 10 * kills
    record_property("R3", f"{kills:,} kills while labelling, {len(told):,} answers told: 0 lost")
