"""Trainings by the command done twice, at the sizes that are shipped."""

import pytest
import trained

from wreck_core.layout import Layout
from wreck_core.params import Params

NATIVE = {
    "efficientnet_lite0": {"weights": "imagenet", "recipe": "auto", "epochs": 2},
    "mobilenet_v2": {"weights": "none", "recipe": "auto", "epochs": 2},
    "scratch_cnn": {"weights": "none", "epochs": 2},
    **{
        name: {"weights": "none", "recipe": "frozen"}
        for name in (
            *("mobilenet", "resnet50", "efficientnet_b1", "nasnet_mobile", "inception_v3", "xception"),
            *("mobilenet_v3_large", "efficientnet_v2_b0", "densenet121", "convnext_tiny"),
        )
    },
    # Those that train batch norms, which two threads would never repeat, and the largest that is tuned.
    "full": {"builder": "mobilenet_v2", "weights": "none", "recipe": "full", "epochs": 1},
    "seed": {"builder": "mobilenet_v2", "weights": "none", "recipe": "seed"},
    "scratch": {"builder": "mobilenet_v2", "weights": "none", "recipe": "scratch", "epochs": 1},
    "tuned_resnet50": {"builder": "resnet50", "weights": "none", "recipe": "top_blocks", "epochs": 1},
}


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", NATIVE)
def test_two_trainings_at_native_size_give_the_same_bytes(layout: Layout, params: Params, name: str) -> None:
    trained.prepare(layout, params, {"builder": name} | NATIVE[name], per_class=10)
    first = trained.train(layout)
    trained.forget(layout)
    assert trained.train(layout) == first
