from dataclasses import replace

import drawn
import numpy as np
import pytest

from wreck_core.training import features, pictures, seed

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def task(layout, make_task):
    drawn.fill(layout, per_class=8)
    task = make_task("mobilenet_random", recipe="seed")
    return replace(task, samples=task.samples.assign(fold=-1))  # the final model alone


def test_three_epochs_train_the_head_alone_and_three_more_everything(task, monkeypatch):
    rates, trained = [], []
    real = seed._epoch

    def watch(network, *rest):
        rates.append(float(network.optimizer.learning_rate))
        trained.append(len(network.trainable_variables))
        return real(network, *rest)

    monkeypatch.setattr(seed, "_epoch", watch)
    outcome = seed.fit(task)
    assert rates == pytest.approx([1e-3] * 3 + [1e-5] * 3)
    assert trained[:3] == [2] * 3
    assert min(trained[3:]) > 50
    assert outcome.history["chosen"].tolist() == [False] * 5 + [True]
    squares = pictures.load_squares(task.root, task.samples, task.input_px)
    judged = task.parts[-1].answer
    again = features.compiled(outcome.network)(squares[judged].astype(np.float32))
    np.testing.assert_allclose(again, outcome.logits[judged], atol=1e-4)
    assert task.threads == 1


@pytest.mark.slow
def test_a_seed_training_that_is_done_is_not_done_again_and_says_the_same(task):
    first = seed.fit(task)
    calls: list[int] = []
    again = seed.fit(replace(task, progress=lambda at, total, text: calls.append(at)))
    assert not calls
    np.testing.assert_array_equal(first.logits, again.logits)
