import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, norm

from wreck_core.evaluation import slices


def judge(wrong, attributes, cluster=None, confidence=0.95):
    wrong = np.asarray(wrong, bool)
    cluster = np.arange(len(wrong)) if cluster is None else cluster
    named = {name: np.asarray(values, str) for name, values in attributes.items()}
    return slices.judge(wrong, np.zeros_like(wrong), np.asarray(cluster), named, confidence)


def test_a_slice_is_compared_with_the_rest_as_two_proportions_are():
    wrong = np.r_[np.repeat([1, 0], [30, 70]), np.repeat([1, 0], [30, 270])]
    dark = judge(wrong, {"light": ["dark"] * 100 + ["bright"] * 300})[0]
    assert (dark.name, dark.images) == ("light=dark", 100)
    assert dark.accuracy == pytest.approx(0.7)
    assert dark.gap == pytest.approx(0.7 - 0.9)
    error = np.sqrt(0.3 * 0.7 / 100 + 0.1 * 0.9 / 300)  # Wald, unpooled
    assert dark.p == pytest.approx(2 * norm.sf(0.2 / error))
    z = norm.ppf(0.975)
    ends = (0.7 + z**2 / 200 + sign * z * np.sqrt(0.3 * 0.7 / 100 + z**2 / 40_000) for sign in (-1, 1))
    assert (dark.low, dark.high) == pytest.approx([end / (1 + z**2 / 100) for end in ends])  # Wilson


def test_a_slice_without_a_mistake_is_no_certainty():
    wrong = np.r_[np.zeros(20), np.repeat([1, 0], [30, 150])]
    light = ["dark"] * 20 + ["bright"] * 180
    dark = judge(wrong, {"light": light})[-1]
    assert (dark.name, dark.accuracy, dark.high) == ("light=dark", 1.0, 1.0)
    assert dark.low == pytest.approx(0.839, abs=0.001)
    assert 0.01 < dark.p < 0.1
    pairs = judge(wrong, {"light": light}, np.arange(200) // 2)[-1]  # so are copies: ten pictures in all
    assert pairs.low == pytest.approx(0.722, abs=0.001)


def test_copies_of_a_picture_add_no_evidence():
    rng = np.random.default_rng(5)
    wrong = rng.random(200) < np.repeat([0.3, 0.1], 100)
    light = np.repeat(["dark", "bright"], 100)
    once = judge(wrong, {"light": light})
    thrice = judge(np.repeat(wrong, 3), {"light": np.repeat(light, 3)}, np.repeat(np.arange(200), 3))
    assert [(part.p, part.low, part.high) for part in thrice] == [
        pytest.approx((part.p, part.low, part.high)) for part in once
    ]


def test_many_slices_are_judged_together():
    rng = np.random.default_rng(3)
    parts = judge(
        rng.random(2000) < 0.2,
        {"a": rng.choice(list("pqrst"), 2000), "b": rng.choice(list("uvwxy"), 2000)},
    )
    assert len(parts) == 5 + 5 + 25
    assert [part.p_adjusted for part in parts] == pytest.approx(
        list(false_discovery_control([part.p for part in parts]))
    )


def proven(parts):
    return [part.name for part in parts if part.gap < 0 and part.p_adjusted < 0.05]


def test_a_model_that_errs_everywhere_alike_shows_a_bad_slice_in_few_runs():
    found = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        parts = judge(
            rng.random(1000) < 0.15, {"a": rng.choice(list("pqr"), 1000), "b": rng.choice(list("uvw"), 1000)}
        )
        found += bool(proven(parts))
    assert found <= 7  # 5 % of 60 are 3; nine in a thousand such tests would see more than 7


def test_a_planted_pair_is_found_as_the_worst():
    rng = np.random.default_rng(8)
    light, side = rng.choice(["dark", "bright"], 3000), rng.choice(["small", "large"], 3000)
    bad = (light == "dark") & (side == "small")
    parts = judge(rng.random(3000) < np.where(bad, 0.4, 0.08), {"light": light, "side": side})
    assert proven(parts)[0] == "light=dark & side=small"


def test_small_and_unknown_parts_are_left_out():
    values = ["rare"] * (slices.MIN_IMAGES - 1) + [""] * 50 + ["common"] * 100
    assert [part.name for part in judge(np.zeros(len(values)), {"a": values})] == ["a=common"]


def test_nothing_to_slice_is_no_slice():
    assert judge(np.zeros(10), {"a": ["x"] * 10}) == []
    assert judge(np.zeros(10), {}) == []


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_accuracies_lie_in_their_intervals_and_counts_add_up(data):
    size = data.draw(st.integers(41, 120))
    wrong = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    values = data.draw(st.lists(st.sampled_from(["x", "y"]), min_size=size, max_size=size))
    parts = judge(wrong, {"a": values})
    for part in parts:
        assert 0 <= part.low <= part.accuracy <= part.high <= 1
        assert part.p <= part.p_adjusted <= 1
    if len(parts) == 2:
        assert sum(part.images for part in parts) == size
