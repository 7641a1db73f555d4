"""What a row asks for is judged before anything is fetched or computed for it."""

import drawn
import pytest

from wreck_core.errors import GateError, ParamsError
from wreck_core.params import BackboneRow
from wreck_core.training import backbones, recipe

ROWS = {
    "a row without the epochs that it needs": (
        {"weights": "imagenet", "builder": "mobilenet_v2", "recipe": "auto"},
        "mine: needs epochs",
    ),
    "nothing to start from, and weights": (
        {"weights": "imagenet", "builder": "mobilenet_v2", "recipe": "scratch", "epochs": 1},
        "the recipe scratch starts from nothing, not from imagenet weights",
    ),
    "top blocks where no cut is possible": (
        {"weights": "none", "builder": "nasnet_mobile", "recipe": "top_blocks", "epochs": 1},
        "nasnet_mobile cannot be cut in two",
    ),
    "dropout where nobody would look": (
        {"weights": "none", "builder": "mobilenet_v2", "dropout": 0.5},
        "dropout is for scratch_cnn alone",
    ),
    "scratch_cnn of another recipe": (
        {"weights": "none", "builder": "scratch_cnn", "recipe": "full", "epochs": 1, "augment": False},
        "augment: false is for scratch_cnn alone",
    ),
}


@pytest.mark.parametrize("what", ROWS)
def test_a_row_that_cannot_be_trained_as_it_says_is_refused(what):
    says, error = ROWS[what]
    row = BackboneRow(**says)
    with pytest.raises(ParamsError, match=error) as refused:
        recipe.check_row("mine", row, backbones.find(row.builder))
    assert refused.value.fix


@pytest.mark.parametrize(
    ("says", "threads"),
    [
        ({"builder": "mobilenet_v2", "recipe": "top_blocks", "epochs": 1}, 2),
        ({"builder": "mobilenet_v2", "recipe": "full", "epochs": 1}, 1),
        ({"builder": "mobilenet_v2", "recipe": "seed"}, 1),
        ({"builder": "mobilenet_v2", "recipe": "scratch", "epochs": 1}, 1),
        ({"builder": "scratch_cnn", "epochs": 1}, 2),
    ],
)
def test_whatever_trains_batch_norms_has_one_thread(layout, make_task, says, threads):
    drawn.fill(layout, per_class=2)
    assert make_task("mobilenet_random", **says).threads == threads


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_training_that_diverged_is_a_failed_row(layout, make_task, loss):
    drawn.fill(layout, per_class=2)
    task = make_task("scratch_cnn")
    assert recipe.finite(task, 0.7) == 0.7
    with pytest.raises(GateError, match="scratch_cnn: the training diverged") as refused:
        recipe.finite(task, loss)
    assert refused.value.fix
