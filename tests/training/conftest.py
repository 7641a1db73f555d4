"""A task of drawn pictures, ready to be trained."""

from collections.abc import Callable

import drawn
import pytest

from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.summary import silent
from wreck_core.training import backbones, pictures, runtime
from wreck_core.training.recipe import Task
from wreck_core.training.weights import Weights


@pytest.fixture(autouse=True, scope="session")
def _threads() -> None:
    """Fix the threads before the first operation: TensorFlow takes no other number afterwards."""
    runtime.start(threads=2, seed=29)


@pytest.fixture
def make_task(layout: Layout, params: Params) -> Callable[..., Task]:
    """Give a function that makes the task of a row with random weights; keywords replace row settings."""
    quick = drawn.quick(params)
    classes = ("damaged", "undamaged")

    def make(name: str, **settings: object) -> Task:
        row = quick.backbones[name].model_copy(update=settings)
        return Task(
            name=name,
            row=row,
            backbone=backbones.find(row.builder or name),
            weights=Weights("none (random)", None),
            classes=classes,
            positive="damaged",
            samples=pictures.read_samples(layout, classes),
            params=quick.train,
            root=layout.root,
            features=layout.features,
            checkpoint=layout.checkpoints / name,
            progress=silent,
        )

    return make
