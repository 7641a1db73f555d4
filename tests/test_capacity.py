"""How many trainings run at once: what cores or GPUs, the memory and the last night's board say."""

from pathlib import Path

import joblib
import psutil
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wreck_core import capacity, devices, files, params
from wreck_core.layout import Layout
from wreck_core.params import Params


def settings(layout: Layout, *, jobs: int = 0, threads: int = 1) -> Params:
    raw = yaml.safe_load(layout.params.read_text())
    raw["nightly"]["jobs"], raw["train"]["threads"] = jobs, threads
    raw["backbones"] = {name: raw["backbones"][name] for name in ("mobilenet", "resnet50")}
    layout.params.write_text(yaml.safe_dump(raw))
    return params.load(layout.params)


def took(layout: Layout, name: str, megabytes: float) -> None:
    layout.model(name).mkdir(parents=True)
    files.write_json(layout.model(name) / "metrics.json", {"peak_rss_mb": megabytes})


@pytest.fixture
def processors_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.VARIABLE, "")


def test_a_number_of_the_settings_is_taken_as_said(layout: Layout) -> None:
    assert capacity.trainings(settings(layout, jobs=7), layout) == 7


@pytest.mark.usefixtures("processors_alone")
def test_small_trainings_are_as_many_as_cores_by_threads(layout: Layout) -> None:
    for name in ("mobilenet", "resnet50"):
        took(layout, name, 1)
    assert capacity.trainings(settings(layout), layout) == joblib.cpu_count()
    assert capacity.trainings(settings(layout, threads=2 * joblib.cpu_count()), layout) == 1


@pytest.mark.usefixtures("processors_alone")
def test_one_greedy_training_of_the_last_time_leaves_no_room_for_a_second(layout: Layout) -> None:
    took(layout, "mobilenet", 1)
    took(layout, "resnet50", psutil.virtual_memory().total / capacity.MIB)
    assert capacity.trainings(settings(layout), layout) == 1


def test_cards_that_tensorflow_cannot_use_count_for_nothing(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mobilenet", "resnet50"):
        took(layout, name, 1)
    monkeypatch.setenv(devices.VARIABLE, "none")
    assert devices.usable() == 0
    assert capacity.trainings(settings(layout), layout) == joblib.cpu_count()


@given(workers=st.integers(1, 64), each_mb=st.floats(1, 1e5), free_mb=st.floats(1, 1e6, allow_infinity=False))
def test_those_that_run_fit_into_memory_and_one_more_would_not_or_has_no_core(
    workers: int, each_mb: float, free_mb: float
) -> None:
    count = capacity.fitting(workers, each_mb, free_mb)
    assert 1 <= count <= workers
    assert count == 1 or count * each_mb <= free_mb * (1 + 1e-9)
    assert count == workers or (count + 1) * each_mb > free_mb * (1 - 1e-9)


@pytest.mark.parametrize("group", ["/", "/system.slice/wreck.service"])
def test_the_limit_of_a_container_or_a_service_holds(tmp_path: Path, group: str) -> None:
    own = tmp_path / "own"
    own.write_text(f"4:memory:/old\n0::{group}\n")
    groups = tmp_path / "groups"
    folder = groups / group.strip("/")
    folder.mkdir(parents=True)
    (folder / "memory.max").write_text("max\n")
    assert capacity.memory_mb(groups, own) > 64
    (groups / "memory.max").write_text(f"{64 * 2**20}\n")  # of the group above, or of this one itself
    assert capacity.memory_mb(groups, own) == 64
    (folder / "memory.max").write_text(f"{32 * 2**20}\n")
    assert capacity.memory_mb(groups, own) == 32


def test_without_such_groups_it_is_what_the_machine_has_free(tmp_path: Path) -> None:
    assert capacity.memory_mb(tmp_path / "none", tmp_path / "nothing") > 64
