from dataclasses import replace

import drawn
import numpy as np
import pytest

from wreck_core.training import features, head, recipe, scratch

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def task(layout, make_task):
    drawn.fill(layout, per_class=8)
    return make_task("scratch_cnn", epochs=3)


def data(task) -> tuple[scratch.Data, scratch.Data]:
    part = next(recipe.parts(task.samples))
    rows = scratch.Data(
        scratch.load_squares(task.root, task.samples, task.input_px),
        task.samples["target"].to_numpy(),
        task.params.batch,
        np.arange(len(task.samples)),
    )
    learn, held_out = recipe.split_inside(task, part)[0]
    return rows.part(part.train[learn]), rows.part(part.train[held_out])


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_training_that_was_cut_off_goes_on_to_the_same_result(task, dropout):
    learn, held_out = data(task)
    row = task.row.model_copy(update={"dropout": dropout})
    straight = replace(task, row=row, checkpoint=task.checkpoint / "straight")
    network, expected = scratch.train(straight, learn, held_out, 0)

    cut = replace(task, row=row.model_copy(update={"epochs": 1}), checkpoint=task.checkpoint / "cut")
    assert scratch.train(cut, learn, held_out, 0)[1] == expected[:1]
    # The kill came after the next epoch was found to be the best, and before it was the last.
    (cut.checkpoint / "part0-best.npz").write_bytes(b"of an epoch that is done again")
    done: list[int] = []
    rest = replace(cut, row=row, progress=lambda at, total, text: done.append(at))
    again, found = scratch.train(rest, learn, held_out, 0)
    assert found == expected
    assert done == [2, 3]
    assert scratch.best_epoch(found) > 0
    for old, new in zip(network.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_network_of_the_best_epoch_is_taken_and_not_that_of_the_last(task):
    learn, held_out = data(task)
    network, curve = scratch.train(task, learn, held_out, 0)
    best = scratch.best_epoch(curve)
    assert curve[best].held_out_loss == min(epoch.held_out_loss for epoch in curve)
    logits = held_out.logits(features.compiled(network))
    assert head.log_loss(logits, held_out.target) == curve[best].held_out_loss


def test_without_a_test_part_the_final_model_answers_nobody(task):
    samples = task.samples[task.samples["split"] == "fold"].reset_index(drop=True)
    outcome = scratch.fit(replace(task, samples=samples, row=task.row.model_copy(update={"epochs": 1})))
    assert outcome.logits.shape == (len(samples), 2)
    assert sorted(outcome.history["fold"]) == [-1, 0, 1, 2]
    assert outcome.history["chosen"].all()


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        ({"dense": [100, 100, 100, 50]}, "Dense"),
        ({"dense": [200, 200, 100]}, ""),
        ({"dropout": 0.3}, "Dropout"),
    ],
)
def test_the_seed_s_own_iterations_are_other_networks(make_task, layout, settings, more):
    drawn.fill(layout, per_class=4)
    plain, other = (scratch.build(make_task("scratch_cnn", epochs=1, **row)) for row in ({}, settings))
    assert (plain.count_params() != other.count_params()) == ("dense" in settings)
    kinds = [sum(type(layer).__name__ == more for layer in flat(network)) for network in (plain, other)]
    assert kinds[1] - kinds[0] == bool(more)


def flat(network) -> list:
    return [inner for layer in network.layers for inner in getattr(layer, "layers", [layer])]


def test_without_augmentation_the_pictures_are_learned_as_they_are(task, tmp_path):
    learn, held_out = data(task)
    plain = replace(task, row=task.row.model_copy(update={"augment": False}))
    curves = [
        scratch.train(replace(one, checkpoint=tmp_path / str(at)), learn, held_out, 0)[1]
        for at, one in enumerate((task, plain))
    ]
    assert curves[0] != curves[1]
