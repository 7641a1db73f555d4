"""Trainings by the command, in processes of their own: killed, done twice, at the sizes that are shipped."""

import os
import shutil
import signal

import commands
import drawn
import pytest
import yaml

from wreck_core.layout import Layout
from wreck_core.params import Params

TUNED = {"weights": "none", "builder": "mobilenet_v2", "input_px": 64, "recipe": "top_blocks", "epochs": 3}


def prepare(layout: Layout, params: Params, row: dict, *, per_class: int = 12) -> None:
    """Lay drawn pictures and a board of one row, `row`."""
    drawn.fill(layout, per_class=per_class)
    raw = params.model_dump() | {"backbones": {"row": row}, "ensembles": {}}
    raw["train"] |= {"batch": 8, "inner_folds": 2, "c_grid": [0.01]}
    layout.params.write_text(yaml.safe_dump(raw))


def train(layout: Layout) -> bytes:
    done = commands.run(layout.root, "wreck", "train", "row", timeout_s=1500)
    assert done.returncode == 0, done.stderr
    return (layout.model("row") / "oof.parquet").read_bytes()


def forget(layout: Layout) -> None:
    """As on another machine: neither results nor live state."""
    shutil.rmtree(layout.state)
    shutil.rmtree(layout.models)


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["seed29-part0.npz", "seed29-part2.npz"])
def test_a_tuning_that_is_killed_goes_on_from_its_last_epoch_to_the_same_bytes(
    layout: Layout, params: Params, kept: str
) -> None:
    prepare(layout, params, TUNED)
    expected = train(layout)
    forget(layout)
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


NATIVE = {
    "efficientnet_lite0": {"weights": "imagenet", "recipe": "auto", "epochs": 2},
    "mobilenet_v2": {"weights": "none", "recipe": "auto", "epochs": 2},
    "scratch_cnn": {"weights": "none", "epochs": 2},
    **{
        name: {"weights": "none", "recipe": "frozen"}
        for name in ("mobilenet", "resnet50", "efficientnet_b1", "nasnet_mobile", "inception_v3", "xception")
    },
}


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", NATIVE)
def test_two_trainings_at_native_size_give_the_same_bytes(layout: Layout, params: Params, name: str) -> None:
    prepare(layout, params, NATIVE[name] | {"builder": name}, per_class=10)
    first = train(layout)
    forget(layout)
    assert train(layout) == first
