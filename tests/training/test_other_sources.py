from dataclasses import replace

import drawn
import numpy as np
import pandas as pd
import pytest

from wreck_core.training import other_sources

ALIKE = ("a.org", "b.org", "c.org")


@pytest.fixture
def make(make_task, layout):
    """Give a function that makes a task and its features, of sources of sixty pictures each.

    The first feature says the class. The second does too, as loudly as `tell`, but in c.org the wrong one.
    """
    drawn.fill(layout, per_class=4)
    task = make_task("mobilenet_random")

    def build(*sources: str, tell: float = 0.0):
        rng = np.random.default_rng(7)
        names = np.repeat(sources, 60)
        side = np.tile([1.0, -1.0], len(names) // 2)
        vectors = rng.normal(0, 1, (len(names), 8))
        vectors[:, 0] += side
        vectors[:, 1] = vectors[:, 1] / 10 + tell * np.where(names == "c.org", -side, side)
        samples = pd.DataFrame({"sha256": [f"{at:03d}" for at in range(len(names))], "source": names})
        samples["label"] = np.where(side > 0, "damaged", "undamaged")
        samples = samples.assign(
            cluster=samples["sha256"], target=(side < 0).astype(int), fold=0, split="fold"
        )
        return replace(task, samples=samples), vectors.astype(np.float32)

    return build


def test_a_sign_that_holds_everywhere_is_as_good_on_a_source_never_seen(make):
    task, vectors = make(*ALIKE)
    found = other_sources.measure(task, vectors, vectors.shape[1:], 0.1)
    assert found["auc_low"] < found["auc"] < found["auc_high"]
    assert found["auc"] == pytest.approx(0.92, abs=0.04)  # of two normals two deviations apart
    assert (found["sources"], found["images"], found["reason"]) == (3, 180, "")


def test_a_sign_that_one_source_turns_around_costs_there(make):
    task, vectors = make(*ALIKE, tell=2.0)
    every = other_sources.measure(task, vectors, vectors.shape[1:], 0.1)
    only_alike, vectors = make("a.org", "b.org", "d.org", tell=2.0)
    assert other_sources.measure(only_alike, vectors, vectors.shape[1:], 0.1)["auc"] > 0.99
    assert every["auc"] < 0.8


def test_pictures_that_sources_share_are_not_learned_from(make):
    """Two sources with the same pictures: the answers come from the third alone, which knows nothing."""
    task, vectors = make(*ALIKE)
    samples = task.samples
    a, b = (samples.index[samples["source"] == name] for name in ("a.org", "b.org"))
    samples.loc[b, "cluster"] = samples.loc[a, "cluster"].to_numpy()
    rng = np.random.default_rng(1)
    vectors = rng.normal(0, 1, (180, 200)).astype(np.float32)  # as many as are needed to learn by heart
    vectors[b] = vectors[a]
    assert other_sources.measure(task, vectors, vectors.shape[1:], 10.0)["auc"] < 0.65


def test_without_two_sources_of_both_classes_the_reason_is_given(make):
    task, vectors = make("a.org")
    found = other_sources.measure(task, vectors, vectors.shape[1:], 0.1)
    assert found["auc"] is None
    assert found["reason"] == "of the sources (1), fewer than two show both classes (1)"
    task, vectors = make("a.org", "b.org")
    task.samples["source"] = task.samples["label"].map({"damaged": "a.org", "undamaged": "b.org"})
    assert (
        other_sources.measure(task, vectors, vectors.shape[1:], 0.1)["reason"]
        == "of the sources (2), fewer than two show both classes (0)"
    )
    task, vectors = make(*ALIKE)
    assert set(found) == set(other_sources.measure(task, vectors, vectors.shape[1:], 0.1))


def test_the_locked_test_part_has_no_say(make):
    task, vectors = make(*ALIKE)
    task.samples.loc[::3, ["split", "fold"]] = ["test", -1]
    before = other_sources.measure(task, vectors, vectors.shape[1:], 0.1)
    vectors[::3] = np.random.default_rng(9).normal(0, 9, vectors[::3].shape)
    assert other_sources.measure(task, vectors, vectors.shape[1:], 0.1) == before
    assert before["images"] == 120
