from dataclasses import replace
from itertools import pairwise

import drawn
import numpy as np
import pandas as pd
import pytest

from wreck_core.training import frozen, learning_curve
from wreck_core.training.learning_curve import SHARES

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CLUSTERS = pd.Series([f"cluster {number // 2}" for number in range(8000)])  # of two pictures each


def test_the_shares_are_quarters_of_the_clusters():
    assert SHARES == (0.25, 0.5, 0.75, 1.0)
    shown = [CLUSTERS[learning_curve.drawn(CLUSTERS, share)].nunique() for share in SHARES]
    assert shown == pytest.approx([1000, 2000, 3000, 4000], abs=100)  # drawn by chance: three deviations
    assert shown[-1] == 4000


def test_each_share_holds_whole_clusters_and_all_of_the_smaller_shares():
    parts = [CLUSTERS[learning_curve.drawn(CLUSTERS, share)] for share in SHARES]
    assert all((part.value_counts() == 2).all() for part in parts)
    for smaller, larger in pairwise(parts):
        assert set(smaller) < set(larger)


def test_a_cluster_keeps_its_share_when_others_come():
    before = learning_curve.drawn(CLUSTERS[:1000], 0.5)
    np.testing.assert_array_equal(learning_curve.drawn(CLUSTERS, 0.5)[:1000], before)


def test_the_curve_counts_what_each_share_learned_from_and_rises(make_task, layout):
    drawn.fill(layout, per_class=4)
    rng = np.random.default_rng(5)
    side = np.tile([1.0, -1.0], 200)
    samples = pd.DataFrame({"sha256": [f"{at:03d}" for at in range(400)], "label": "damaged"})
    samples["target"] = (side < 0).astype(int)
    samples.loc[side < 0, "label"] = "undamaged"
    samples["cluster"], samples["fold"], samples["split"] = samples["sha256"], np.arange(400) // 2 % 4, "fold"
    vectors = rng.normal(side[:, None] * 0.15, 1, (400, 60)).astype(np.float32)
    task = replace(make_task("mobilenet_random"), samples=samples)
    whole = np.stack([side, -side], axis=1)
    curve = learning_curve.measure(task, vectors, (60,), 0.1, whole)
    shown = [learning_curve.drawn(samples["cluster"], share).sum() for share in SHARES]
    assert [row["share"] for row in curve] == list(SHARES)
    # Each picture is learned from in three of the four folds.
    assert [row["n_images"] for row in curve] == [round(number * 3 / 4) for number in shown]
    assert curve[0]["roc_auc"] < curve[-2]["roc_auc"] < curve[-1]["roc_auc"] == 1  # the row's own answers


def test_it_costs_no_pass_over_the_pictures(make_task, layout):
    drawn.fill(layout, per_class=16)
    task = make_task("mobilenet_random")
    first = frozen.fit(task)
    for path in task.samples["path"]:
        (layout.root / path).unlink()
    again = frozen.fit(task)  # from the vectors alone, one of each picture
    assert again.learning_curve == first.learning_curve
    assert len(first.learning_curve) > 1
