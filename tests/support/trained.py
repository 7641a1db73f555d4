"""Trainings by the command, of drawn pictures, in processes of their own."""

import shutil

import commands
import drawn
import yaml

from wreck_core.layout import Layout
from wreck_core.params import Params


def prepare(layout: Layout, params: Params, row: dict, *, per_class: int = 12) -> None:
    """Lay drawn pictures and a board of one row, `row`."""
    drawn.fill(layout, per_class=per_class)
    raw = params.model_dump() | {"backbones": {"row": row}, "ensembles": {}}
    raw["train"] |= {"batch": 8, "inner_folds": 2, "c_grid": [0.01]}
    layout.params.write_text(yaml.safe_dump(raw))


def train(layout: Layout) -> bytes:
    """Train the row to its end; give the bytes of what it says out of fold."""
    done = commands.run(layout.root, "wreck", "train", "row", timeout_s=1500)
    assert done.returncode == 0, done.stderr
    return (layout.model("row") / "oof.parquet").read_bytes()


def forget(layout: Layout) -> None:
    """Leave neither results nor live state, as on another machine."""
    shutil.rmtree(layout.state)
    shutil.rmtree(layout.models)
