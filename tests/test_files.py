"""Files are whole or absent, and a lock is free when its holder is dead."""

import os
import platform
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wreck_core import files
from wreck_core.errors import BusyError, InputError, StorageError


def test_a_failed_write_keeps_the_old_file_and_leaves_no_temp(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    files.write_text(target, "old\n")
    with pytest.raises(RuntimeError), files.replacing(target) as temp:
        temp.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError) as caught:
        files.write_text(tmp_path / "file" / "below.txt", "text")
    assert caught.value.exit_code == 74
    assert "below.txt" in str(caught.value)


def test_json_round_trips_and_refuses_nan(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"ü": [1, 2.5, None]})
    assert files.read_json(path) == {"ü": [1, 2.5, None]}
    with pytest.raises(ValueError, match="Out of range float"):
        files.write_json(path, float("nan"))


HOLD = """
import sys, signal
from pathlib import Path
from wreck_core import files
with files.locked(Path(sys.argv[1]), "work"):
    print("held", flush=True)
    signal.pause()
"""


def test_a_second_holder_is_told_who_holds_and_a_kill_frees(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(BusyError, match=f"process {holder.pid}") as caught,
            files.locked(tmp_path, "work"),
        ):
            pytest.fail("the lock was given twice")
        assert caught.value.exit_code == 75
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    with files.locked(tmp_path, "work"):
        assert (tmp_path / "work.lock").read_text() == f"process {os.getpid()}"


def test_what_is_written_once_stays_as_it_was_and_leaves_no_temp(tmp_path: Path) -> None:
    target = tmp_path / "ab" / "abcd.jpg"
    files.write_once(target, b"picture")
    before = target.stat()
    files.write_once(target, b"picture")
    files.settle(tmp_path)
    assert (target.stat().st_ino, target.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert list(target.parent.iterdir()) == [target]
    with pytest.raises(StorageError, match="gone"):
        files.settle(tmp_path / "gone")


def test_what_a_loss_of_power_left_under_a_name_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "abcd.jpg"
    target.write_bytes(bytes(7))
    files.write_once(target, b"picture")
    assert target.read_bytes() == b"picture"


def test_what_a_killed_write_left_goes_with_the_next_and_what_a_living_one_writes_stays(
    tmp_path: Path,
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    here = platform.node()
    stray = tmp_path / f".table.csv.{here}-{ended.pid}-1.tmp"
    kept = [
        tmp_path / f".table.csv.{here}-{os.getppid()}-1.tmp",
        tmp_path / f".table.csv.another{here}-{ended.pid}-1.tmp",  # nobody here knows whether it is alive
        tmp_path / f".other.csv.{here}-{ended.pid}-1.tmp",
    ]
    for path in (stray, *kept):
        path.write_text("half")
    files.write_text(tmp_path / "table.csv", "whole\n")
    assert not stray.exists()
    assert all(path.exists() for path in kept)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_arrays_that_a_disk_changed_are_read_or_told_as_damaged(tmp_path: Path, at: int, flip: int) -> None:
    path = tmp_path / "arrays.npz"
    with path.open("wb") as handle:
        np.savez_compressed(handle, a=np.arange(40, dtype=np.float32), b=np.float64(0.5))
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= flip
    path.write_bytes(data)
    with suppress(InputError):
        assert len(files.read_arrays(path)) <= 2
