from dataclasses import replace

import drawn
import numpy as np
import pytest

from wreck_core.training import recipe, scratch

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
    )
    learn, held_out = recipe.split_inside(task, part)[0]
    return rows.part(part.train[learn]), rows.part(part.train[held_out])


def test_training_that_was_cut_off_goes_on_to_the_same_result(task, tmp_path):
    learn, held_out = data(task)
    straight = scratch.Checkpoint(tmp_path / "straight")
    expected = scratch.train(task, straight, learn, held_out, 0)

    cut = scratch.Checkpoint(tmp_path / "cut")
    one = replace(task, row=task.row.model_copy(update={"epochs": 1}))
    assert scratch.train(one, cut, learn, held_out, 0) == expected[:1]
    # The kill came after the next epoch's network was written, and before the curve was.
    (tmp_path / "cut" / "epoch001.keras").write_bytes(b"half")
    done: list[int] = []
    rest = replace(task, progress=lambda at, total, text: done.append(at))
    assert scratch.train(rest, cut, learn, held_out, 0) == expected
    assert done == [2, 3]
    for old, new in zip(straight.load(2).get_weights(), cut.load(2).get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_only_the_last_and_the_best_epoch_are_kept(task, tmp_path):
    checkpoint = scratch.Checkpoint(tmp_path / "kept")
    network = scratch.build(task)
    curve = []
    for loss in (0.5, 0.2, 0.9, 0.4):
        curve.append(scratch.Epoch(loss, loss))
        checkpoint.save(network, curve)
    assert sorted(path.name for path in checkpoint.folder.iterdir()) == [
        "epoch001.keras",
        "epoch003.keras",
        "epochs.json",
    ]
    assert checkpoint.curve() == curve
    assert scratch.best_epoch(curve) == 1


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
        scratch.train(one, scratch.Checkpoint(tmp_path / str(at)), learn, held_out, 0)
        for at, one in enumerate((task, plain))
    ]
    assert curves[0] != curves[1]
