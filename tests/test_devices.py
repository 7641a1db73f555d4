from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tiny

from flows.tasks import bring_up_to_date
from wreck_core import devices
from wreck_core.layout import Layout

# Says which device it was given, and stays until the other training has said it too.
SAYS = """
import os, time
if stage.startswith("train@"):
    Path("device-" + stage.partition("@")[2]).write_text(os.environ.get("CUDA_VISIBLE_DEVICES", "unsaid"))
    while len(list(Path().glob("device-*"))) < 2:
        time.sleep(0.05)
"""


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("0,1", ["0", "1"]),
        (" 3 ,GPU-8f2c", ["3", "GPU-8f2c"]),
        ("2,-1,0", ["2"]),
        ("-1", []),
        ("", []),
    ],
)
def test_devices_are_those_that_the_environment_shows(said: str, found: list[str], tmp_path: Path) -> None:
    (tmp_path / "nvidia7").touch()
    assert devices.visible({devices.VARIABLE: said}, tmp_path) == found


def test_without_a_word_all_devices_of_the_machine_are_seen(tmp_path: Path) -> None:
    for name in ("nvidia10", "nvidia2", "nvidiactl", "nvidia0", "nvidia-uvm", "sda"):
        (tmp_path / name).touch()
    assert devices.visible({}, tmp_path) == ["0", "2", "10"]
    assert devices.visible({}, tmp_path / "none") == []


def test_each_holder_gets_a_device_of_its_own_and_the_next_after_that_shares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(devices.VARIABLE, "4,MIG-a/7")
    with devices.one(tmp_path) as first:
        with devices.one(tmp_path) as second, devices.one(tmp_path) as third:
            assert [first, second, third] == [{devices.VARIABLE: name} for name in ("4", "MIG-a/7", "4")]
        with devices.one(tmp_path) as again:
            assert again == second
    monkeypatch.setenv(devices.VARIABLE, "4")
    with devices.one(tmp_path) as alone:
        assert alone == {}


def test_an_error_inside_is_not_swallowed_and_frees_the_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(devices.VARIABLE, "0,1")
    with pytest.raises(devices.BusyError, match="of the block"), devices.one(tmp_path):
        raise devices.BusyError("of the block")
    with devices.one(tmp_path) as chosen:
        assert chosen == {devices.VARIABLE: "0"}


def test_two_trainings_at_once_see_a_device_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout: Layout = tiny.build(tmp_path)
    script = layout.root / "scripts" / "work.py"
    script.write_text(script.read_text() + SAYS)
    logs = layout.root / "logs"
    for stage in ("dedup", "dataset"):
        bring_up_to_date(layout, stage, logs, 99)
    monkeypatch.setenv(devices.VARIABLE, "5,6")
    with ThreadPoolExecutor(2) as pool:
        runs = list(
            pool.map(
                lambda name: bring_up_to_date(layout, f"train@{name}", logs, 99).outcome, ("alpha", "beta")
            )
        )
    assert runs == ["ran", "ran"]
    seen = {(layout.root / f"device-{name}").read_text() for name in ("alpha", "beta")}
    assert seen == {"5", "6"}
