"""A training that is killed goes on from its last epoch."""

import os
import signal
from collections.abc import Callable

import commands
import pytest
import trained

from wreck_core.layout import Layout
from wreck_core.params import Params

TUNED = {"weights": "none", "builder": "mobilenet_v2", "input_px": 64, "recipe": "top_blocks", "epochs": 3}


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
    views = reached.parent / "views.npy"
    views_made = views.stat().st_mtime_ns

    with commands.start(layout.root, "wreck", "train", "row") as process:
        newer = reached.parent / "seed29-part3.npz"
        commands.wait_for(newer.exists, while_running=process)
        assert views.stat().st_mtime_ns == views_made
        finished = [path for path in stamps if path != reached]
        assert all(path.stat().st_mtime_ns == stamps[path] for path in finished)
        assert process.wait(600) == 0
    assert (layout.model("row") / "oof.parquet").read_bytes() == expected
    assert not list(layout.checkpoints.glob("*"))
    told = f"a training of {TUNED['epochs']} epochs in parts, killed after {kept.removesuffix('.npz')}"
    record_property("R2", f"{told}: nothing finished was done again, same bytes")
