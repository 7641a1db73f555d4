import numpy as np
import peak
import pytest

from wreck_core.errors import InputError
from wreck_core.training import in_distribution


@pytest.fixture
def known() -> in_distribution.Known:
    """Two hundred directions around one, in five folds."""
    rng = np.random.default_rng(1)
    return in_distribution.fit(around(rng, 200), np.arange(200) % 5)


def around(rng: np.random.Generator, count: int) -> np.ndarray:
    centre = np.eye(32)[0] * 4
    return (centre + rng.normal(0, 1, (count, 32))).astype(np.float32)


def test_of_new_pictures_of_the_same_kind_about_one_in_a_hundred_is_flagged(known):
    fresh = around(np.random.default_rng(2), 2000)
    flagged = np.mean([not known.holds(row) for row in fresh])
    assert 0.001 < flagged < 0.04


def test_another_kind_is_flagged_whatever_its_length(known):
    other = np.eye(32, dtype=np.float32)[7]
    assert not known.holds(other)
    assert not known.holds(1000 * other)
    assert not known.holds(np.zeros(32, np.float32))
    assert known.holds(1e-3 * np.eye(32, dtype=np.float32)[0])


def test_copies_in_one_fold_do_not_vouch_for_each_other():
    rng = np.random.default_rng(3)
    rows, fold = around(rng, 100), np.arange(100) % 4
    copied = np.concatenate([rows, np.repeat(rows[:1] * -1, 10, axis=0)])  # ten times one strange picture
    lonely = in_distribution.fit(copied, np.concatenate([fold, np.zeros(10, int)]))
    spread = in_distribution.fit(copied, np.concatenate([fold, np.arange(10) % 4]))
    assert lonely.threshold > 1 > spread.threshold


def test_what_was_saved_says_the_same_and_has_the_same_bytes(known, tmp_path):
    for name in ("a.npz", "b.npz"):
        in_distribution.save(known, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    again = in_distribution.load(tmp_path / "a.npz")
    assert again.threshold == known.threshold
    row = around(np.random.default_rng(4), 1)[0]
    assert again.distance(row) == pytest.approx(known.distance(row), abs=1e-3)
    assert in_distribution.load(tmp_path / "none.npz") is None


def test_of_many_pictures_some_are_kept_and_flag_as_few():
    rng, many = np.random.default_rng(5), in_distribution.KEPT + 2000
    known = in_distribution.fit(around(rng, many), np.arange(many) % 5)
    assert len(known.directions) == in_distribution.KEPT
    fresh = around(np.random.default_rng(6), 2000)
    assert 0.001 < np.mean([not known.holds(row) for row in fresh]) < 0.04
    assert not known.holds(np.eye(32, dtype=np.float32)[7])


FIT = """
import numpy as np
from wreck_core.training import in_distribution

rows = np.random.default_rng(1).normal(0, 1, (40_000, 16)).astype(np.float32)
begin()
in_distribution.fit(rows, np.arange(40_000) % 5)
print(json.dumps(grown_mb()))
"""


def test_memory_does_not_grow_with_the_square_of_the_pictures():
    assert peak.run(FIT) < 120  # of one fold alone, all distances at once would be 256 MB


@pytest.mark.parametrize("left", [0, 1, 100, -30])
def test_a_cut_off_file_is_one_clear_error(known, tmp_path, left):
    in_distribution.save(known, tmp_path / "in_distribution.npz")
    whole = (tmp_path / "in_distribution.npz").read_bytes()
    (tmp_path / "in_distribution.npz").write_bytes(whole[:left])
    with pytest.raises(InputError, match="is damaged: it is no file of arrays"):
        in_distribution.load(tmp_path / "in_distribution.npz")
