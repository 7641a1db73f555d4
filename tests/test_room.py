"""How many trainings run at once: what cores or GPUs, the memory and the last night's board say."""

from pathlib import Path

import joblib
import psutil
import pytest
import yaml

from wreck_core import devices, files, params, room
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


@pytest.fixture(autouse=True)
def no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.VARIABLE, "")


def test_a_number_of_the_settings_is_taken_as_said(layout: Layout) -> None:
    assert room.at_once(settings(layout, jobs=7), layout) == 7


def test_small_trainings_are_as_many_as_cores_by_threads(layout: Layout) -> None:
    for name in ("mobilenet", "resnet50"):
        took(layout, name, 1)
    assert room.at_once(settings(layout), layout) == joblib.cpu_count()
    assert room.at_once(settings(layout, threads=2 * joblib.cpu_count()), layout) == 1


def test_each_gpu_has_one(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mobilenet", "resnet50"):
        took(layout, name, 1)
    monkeypatch.setenv(devices.VARIABLE, "0,3,4,6,7")
    assert room.at_once(settings(layout, threads=4), layout) == 5


def test_no_more_run_than_fit_when_each_is_as_greedy_as_the_greediest(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(devices.VARIABLE, ",".join(map(str, range(64))))
    free_mb = psutil.virtual_memory().available / 2**20
    took(layout, "mobilenet", 1)
    took(layout, "resnet50", free_mb / 3.5)
    assert room.at_once(settings(layout), layout) in (2, 3, 4)  # others use memory meanwhile
    files.write_json(layout.model("mobilenet") / "metrics.json", {"peak_rss_mb": 2 * free_mb})
    assert room.at_once(settings(layout), layout) == 1


def test_one_that_never_ran_is_taken_for_a_usual_one(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.VARIABLE, ",".join(map(str, range(1000))))
    expected = psutil.virtual_memory().available / 2**20 / room.FIRST_MB
    assert abs(room.at_once(settings(layout), layout) - max(1, expected)) <= 1


@pytest.mark.parametrize("group", ["/", "/system.slice/wreck.service"])
def test_the_limit_of_a_container_or_a_service_holds(tmp_path: Path, group: str) -> None:
    own = tmp_path / "own"
    own.write_text(f"4:memory:/old\n0::{group}\n")
    groups = tmp_path / "groups"
    folder = groups / group.strip("/")
    folder.mkdir(parents=True)
    (folder / "memory.max").write_text("max\n")
    unlimited = room.memory_mb(groups, own)
    assert unlimited > 64
    (groups / "memory.max").write_text(f"{64 * 2**20}\n")  # of the group above, or of this one itself
    assert room.memory_mb(groups, own) == 64
    (folder / "memory.max").write_text(f"{32 * 2**20}\n")
    assert room.memory_mb(groups, own) == 32


def test_without_such_groups_it_is_what_the_machine_has_free(tmp_path: Path) -> None:
    assert room.memory_mb(tmp_path / "none", tmp_path / "nothing") > 64
