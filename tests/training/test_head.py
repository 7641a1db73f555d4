import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from wreck_core.training import head


def blobs(n_classes: int, per_class: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target = np.repeat(np.arange(n_classes), per_class)
    return (rng.normal(0, 1, (len(target), 6)) + target[:, None] * [1, -1, 0.5, 0, 0, 0]).astype(
        np.float32
    ), target


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_folded_map_says_what_the_standardised_regression_says(n_classes):
    features, target = blobs(n_classes)
    linear = head.fit_linear(features, target, n_classes, 0.3)
    reference = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=2000))
    reference.fit(features.astype(np.float64), target)
    np.testing.assert_allclose(
        head.probabilities(linear.logits(features)), reference.predict_proba(features), rtol=0, atol=1e-5
    )


@given(st.integers(0, 1000), st.floats(0.1, 100))
@settings(max_examples=20, deadline=None)
def test_a_layer_counts_the_same_whatever_its_scale_and_width_and_so_does_a_picture(seed, factor):
    rng = np.random.default_rng(seed)
    narrow, wide = rng.normal(3, 2, (40, 4)), rng.normal(-1, factor, (40, 30))
    features = np.concatenate([narrow, wide], axis=1)
    scaled = head.fit(features, (4, 30), np.arange(40) % 2, 2, 0.01).scaling(features)
    for part in (scaled[:, :4], scaled[:, 4:]):
        np.testing.assert_allclose(np.linalg.norm(part, axis=1), np.sqrt(17), rtol=1e-5)
    shifted = head.fit(features * factor + 7, (4, 30), np.arange(40) % 2, 2, 0.01).scaling
    np.testing.assert_allclose(shifted(features * factor + 7), scaled, atol=1e-4)


def test_a_picture_that_is_the_mean_itself_has_no_direction_and_gets_an_answer():
    features, target = blobs(2)
    scaled = head.fit(features, (2, 4), target, 2, 1.0)
    middle = features.mean(axis=0, dtype=np.float64)[None]
    assert np.isfinite(scaled.logits(middle)).all()


def test_a_class_that_was_not_seen_is_all_but_impossible():
    features, target = blobs(2)
    p = head.probabilities(head.fit_linear(features, target, 3, 1.0).logits(features))
    assert p[:, 2].max() < 1e-6


@given(st.floats(0.1, 10), st.integers(2, 4), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_the_temperature_makes_up_for_overconfidence(factor, n_classes, seed):
    rng = np.random.default_rng(seed)
    honest = rng.normal(0, 1.5, (3000, n_classes))
    p = head.probabilities(honest)
    target = np.array([rng.choice(n_classes, p=row) for row in p])
    assert head.fit_temperature(honest * factor, target) == pytest.approx(factor, rel=0.25)


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=5), st.floats(0.05, 20))
def test_probabilities_are_a_softmax_and_keep_the_order(logits, temperature):
    row = np.array([logits])
    p = head.probabilities(row, temperature)
    assert p.sum() == pytest.approx(1)
    assert (np.diff(p[0, np.argsort(logits, kind="stable")]) >= 0).all()


def test_inner_folds_keep_clusters_whole_and_hold_each_row_out_once():
    _, target = blobs(2)
    cluster = [f"c{row // 2}" for row in range(len(target))]
    held_out = []
    for fit, out in head.inner_folds(target, cluster, 4, 29):
        assert not {cluster[row] for row in fit} & {cluster[row] for row in out}
        held_out += out.tolist()
    assert sorted(held_out) == list(range(len(target)))


def test_the_strength_with_the_least_inner_loss_is_chosen_and_the_choice_repeats():
    features, target = blobs(2)
    folds = head.inner_folds(target, [str(row) for row in range(len(target))], 4, 29)
    chosen, trials = head.choose(features, (6,), target, folds, 2, [1.0, 1e-4, 1e-2])
    assert [trial.c for trial in trials] == [1e-4, 1e-2, 1.0]
    assert chosen.c == min(trials, key=lambda trial: trial.log_loss).c
    again, _ = head.choose(features, (6,), target, folds, 2, [1e-2, 1.0, 1e-4])
    assert again.scaled.linear.weights.tobytes() == chosen.scaled.linear.weights.tobytes()
