import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from threading import Barrier

import drawn
import numpy as np
import peak
import pytest

from wreck_core import images
from wreck_core.errors import InputError
from wreck_core.training import features, pictures
from wreck_core.training.frozen import build_trunk, pooled
from wreck_core.training.recipe import Task
from wreck_core.training.runtime import keras

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CLASSES = ["damaged", "undamaged"]


def test_the_first_vector_of_a_key_stays(tmp_path):
    store = features.FeatureStore(tmp_path / "features", "lite0")
    assert store.missing(["a", "b"]) == ["a", "b"]
    store.add(["a"], np.array([[1, 2]], np.float32))
    store.add(["a", "b"], np.array([[9, 9], [3, 4]], np.float32))
    again = features.FeatureStore(tmp_path / "features", "lite0")
    assert again.missing(["b", "c", "a"]) == ["c"]
    np.testing.assert_array_equal(again.read(["b", "a"]), [[3, 4], [1, 2]])
    with pytest.raises(InputError, match="taken down meanwhile"):
        again.read(["c"])


def test_stores_that_are_made_at_the_same_moment_are_all_usable(tmp_path):
    together = Barrier(8)

    def make(name: str) -> None:
        together.wait()
        features.FeatureStore(tmp_path, name).add(["a"], np.ones((1, 2), np.float32))

    for at in range(40):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(make, [f"store{at}"] * 8))


READ = """
import numpy as np
from wreck_core.training.features import FeatureStore

store = FeatureStore(Path(asked["folder"]), "cut", np.float16)
rng = np.random.default_rng(1)
begin()
for _ in range(60):
    batch = store.read([str(at) for at in rng.integers(0, asked["many"], 32)])
    assert batch.shape == (32, asked["wide"])
print(json.dumps(grown_mb()))
"""


def test_activations_of_an_epoch_are_read_batch_by_batch_and_the_rest_stays_on_disk(tmp_path):
    many, wide = 1000, 100_000  # 200 MB of float16, in batches of 6
    store = features.FeatureStore(tmp_path, "cut", np.float16)
    for start in range(0, many, 100):
        store.add([str(at) for at in range(start, start + 100)], np.full((100, wide), start, np.float16))
    assert store.path.stat().st_size > 190e6
    assert peak.run(READ, folder=str(tmp_path), many=many, wide=wide) < 60


def test_a_cropped_picture_has_a_key_of_its_own(layout):
    drawn.fill(layout, per_class=2)
    samples = pictures.read_samples(layout, CLASSES)
    whole = features.keys(samples)
    samples.at[0, "box"] = (0.0, 0.0, 0.5, 0.5)
    cropped = features.keys(samples)
    assert cropped[0] == f"{whole[0]}:0.000000,0.000000,0.500000,0.500000"
    assert cropped[1:] == whole[1:] == samples["sha256"].tolist()[1:]


def box(samples, at: int, sides: tuple[float, ...]):
    changed = samples.copy()
    changed.at[at, "box"] = sides
    return changed


def test_a_boxed_picture_has_the_features_of_the_cut_picture_and_a_changed_box_costs_one_picture(
    layout, make_task
):
    drawn.fill(layout, per_class=4)
    task = make_task("mobilenet_random")
    trunk, _ = build_trunk(task)
    computed: list[int] = []

    def extract(name: str, samples) -> np.ndarray:
        computed.clear()
        store = features.FeatureStore(layout.features, name)

        def note(done: int, total: int, text: str) -> None:
            computed.append(total)

        return features.extract(store, trunk, replace(task, samples=samples, progress=note))

    whole = extract("boxes", task.samples)
    boxed = box(task.samples, 2, (0.25, 0.0, 0.5, 0.75))
    found = extract("boxes", boxed)
    assert computed == [1]
    np.testing.assert_array_equal(np.delete(found, 2, axis=0), np.delete(whole, 2, axis=0))
    assert np.abs(found[2] - whole[2]).max() > 0
    extract("boxes", box(task.samples, 2, (0.25, 0.0, 0.5, 0.5)))
    assert computed == [1]

    path = layout.root / task.samples["path"][2]
    picture = images.load(path)
    assert picture.shape == (48, 48, 3)
    path.write_bytes(images.encode(np.ascontiguousarray(picture[0:36, 12:36]), "png"))
    # Alone, as the changed one was: the last bits of a sum depend on the place in a batch.
    cut = extract("cut", task.samples.iloc[[2]].reset_index(drop=True))
    np.testing.assert_array_equal(cut[0], found[2])


def test_only_missing_pictures_are_computed_and_the_numbers_are_the_same_to_the_bit(layout, make_task):
    drawn.fill(layout, per_class=7)
    samples = pictures.read_samples(layout, CLASSES)
    task = make_task("mobilenet_random")
    trunk, sha256 = build_trunk(task)
    assert len(sha256) == 64
    computed: list[int] = []

    def extract(name: str, rows: slice) -> np.ndarray:
        store = features.FeatureStore(layout.features, name)
        part = replace(
            task,
            samples=samples.iloc[rows],
            params=task.params.model_copy(update={"batch": 4}),
            progress=lambda done, total, text: computed.append(total),
        )
        return features.extract(store, trunk, part)

    whole = extract("once", slice(None))
    assert set(computed) == {14}
    extract("twice", slice(0, 9))
    computed.clear()
    np.testing.assert_array_equal(extract("twice", slice(None)), whole)
    assert set(computed) == {5}
    computed.clear()
    extract("twice", slice(None))
    assert not computed

    again, same = build_trunk(task)
    assert same == sha256
    np.testing.assert_array_equal(again.get_weights()[0], trunk.get_weights()[0])


def test_both_runtimes_give_the_same_features_each_in_a_store_of_its_own(layout, make_task):
    drawn.fill(layout, per_class=6)
    task = make_task("mobilenet_random", input_px=64)

    def in_litert(threads: int) -> Task:
        return replace(
            task,
            row=task.row.model_copy(update={"runtime": "litert"}),
            params=task.params.model_copy(update={"threads": threads}),
        )

    trunk, sha256 = build_trunk(task)
    keras_says = pooled(task, trunk, sha256)
    litert_says = pooled(in_litert(1), trunk, sha256)
    np.testing.assert_allclose(litert_says, keras_says, atol=1e-4 * np.abs(keras_says).max())
    assert len(list(task.features.glob("*.db"))) == 2
    (kept,) = task.features.glob("*.tflite")
    written = kept.stat().st_mtime_ns
    np.testing.assert_array_equal(pooled(in_litert(2), trunk, sha256), litert_says)  # to the bit
    # A night with new pictures uses the file of the first, and the order of the pictures has no say.
    with closing(sqlite3.connect(next(task.features.glob("*1threads-*litert*.db")))) as database, database:
        database.execute("DELETE FROM features WHERE key > '8'")
    np.testing.assert_array_equal(pooled(in_litert(1), trunk, sha256), litert_says)
    assert kept.stat().st_mtime_ns == written


def test_the_statistics_of_batch_norms_do_not_move_under_fit(layout, make_task):
    drawn.fill(layout, per_class=4)
    task = make_task("mobilenet_random")
    trunk, _ = build_trunk(task)
    before = [array.copy() for array in trunk.get_weights()]
    model = keras.Model(trunk.input, keras.layers.Dense(2)(trunk.output))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
    squares = pictures.load_squares(layout.root, task.samples, task.input_px)
    model.fit(squares.astype(np.float32), task.samples["target"].to_numpy(), epochs=2, verbose=0)
    for old, new in zip(before, trunk.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
