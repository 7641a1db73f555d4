"""Whatever a session said that it saved is there, however often its process is killed."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from wreck_core.labeling.store import Store

REPOSITORY = Path(__file__).parents[2]
# Labels, skips, changes and undoes, with boxes and flags; the uid of each is told once it is saved.
LABEL = """
import random, sys
from pathlib import Path
from wreck_core import params
from wreck_core.labeling.records import Box
from wreck_core.labeling.session import LabelSession
from wreck_core.labeling.store import Store

chance = random.Random(sys.argv[2])
with Store(Path(sys.argv[1])) as store:
    session = LabelSession(store, {}, "ann", "primary", params.load(Path("params.yaml")).labels)
    number = 0
    while session.shown:
        number += 1
        uid = f"{sys.argv[2]}-{number}"
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
            print(uid, flush=True)
"""


@pytest.mark.slow
def test_every_answer_that_was_told_saved_survives_a_hundred_kills(tmp_path: Path) -> None:
    path, chance = tmp_path / "labels.db", np.random.default_rng(5)
    told: set[str] = set()
    with Store(path) as store:
        store.enqueue([(f"{number:064x}", 0.0) for number in range(20_000)], "primary", "fifo")
    for kill in range(100):
        words = [sys.executable, "-c", LABEL, str(path), str(kill)]
        with subprocess.Popen(words, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(chance.integers(1, 31)):
                told.add(process.stdout.readline().strip())
            time.sleep(chance.random() / 50)
            os.kill(process.pid, signal.SIGKILL)
            told |= {line.strip() for line in process.stdout if line.endswith("\n")}
    with Store(path) as store:
        kept = {event["uid"]: event for event in store.events()}
        assert store.counts("primary")["done"] == len(store.current_labels())
        # What was killed between the commit and the telling is there besides, one for each kill at most.
        assert told <= set(kept)
        assert len(kept) - len(told) <= 100
        assert all(event["w"] == 0.5 for event in kept.values() if event["kind"] == "label")
    assert len(told) > 1000
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
