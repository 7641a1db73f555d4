"""A training that is killed goes on from its last epoch."""

import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import commands
import numpy as np
import pytest
import trained

from wreck_core.layout import Layout
from wreck_core.params import Params

TUNED = {"weights": "none", "builder": "mobilenet_v2", "input_px": 64, "recipe": "top_blocks", "epochs": 3}


def epochs_done(kept: Path) -> int:
    with np.load(kept, allow_pickle=False) as state:
        return len(state["losses"])


def views_kept(layout: Layout) -> Counter[str]:
    """Count the views of each picture whose activations lie in the store."""
    try:
        (store,) = layout.features.glob("*views*.db")
        with closing(sqlite3.connect(store)) as database:
            keys = database.execute("SELECT key FROM features").fetchall()
    except (ValueError, sqlite3.OperationalError):  # no store yet, or no table in it
        return Counter()
    return Counter(key.partition(":")[0] for (key,) in keys)


@pytest.mark.slow
def test_a_tuning_that_is_killed_on_its_way_to_the_cut_keeps_what_it_computed(
    layout: Layout, params: Params
) -> None:
    trained.prepare(layout, params, TUNED, per_class=40)
    expected = trained.train(layout)
    trained.forget(layout)
    with commands.start(layout.root, "wreck", "train", "row") as process:
        commands.wait_for(lambda: bool(views_kept(layout)), while_running=process)
        os.killpg(process.pid, signal.SIGKILL)
    kept = views_kept(layout)
    assert kept
    assert set(kept.values()) == {4}
    assert trained.train(layout) == expected
    assert len(views_kept(layout)) == 80


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["seed29-part0.npz", "seed29-part2.npz"])
def test_a_tuning_that_is_killed_goes_on_from_its_last_epoch_to_the_same_bytes(
    layout: Layout, params: Params, kept: str, record_property: Callable[[str, object], None]
) -> None:
    trained.prepare(layout, params, TUNED)
    expected = trained.train(layout)
    trained.forget(layout)
    with commands.start(layout.root, "wreck", "train", "row") as process:
        commands.wait_for(lambda: any(layout.checkpoints.rglob(kept)), while_running=process)
        os.killpg(process.pid, signal.SIGKILL)
    assert not (layout.model("row") / "metrics.json").exists()
    (reached,) = layout.checkpoints.rglob(kept)
    stamps = {path: path.stat().st_mtime_ns for path in reached.parent.glob("seed29-part*.npz")}
    done = epochs_done(reached)
    assert 1 <= done <= TUNED["epochs"]

    with commands.start(layout.root, "wreck", "train", "row") as process:
        if done < TUNED["epochs"]:  # it goes on with the next epoch, and does none again
            commands.wait_for(lambda: reached.stat().st_mtime_ns != stamps[reached], while_running=process)
            assert epochs_done(reached) > done
        newer = reached.parent / "seed29-part3.npz"
        commands.wait_for(newer.exists, while_running=process)
        finished = [path for path in stamps if path != reached]
        assert all(path.stat().st_mtime_ns == stamps[path] for path in finished)
        assert process.wait(600) == 0
    assert (layout.model("row") / "oof.parquet").read_bytes() == expected
    assert not list(layout.checkpoints.glob("*"))
    told = f"a training of {TUNED['epochs']} epochs in parts, killed after {kept.removesuffix('.npz')}"
    record_property("R2", f"{told}: nothing finished was done again, same bytes")
