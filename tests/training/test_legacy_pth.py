import os
import pickle
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreck_core.errors import WeightsError
from wreck_core.training import backbones, legacy_pth, weights


class Canary:
    """Unpickled by an ordinary unpickler, it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def header() -> bytes:
    return b"".join(
        pickle.dumps(part, protocol=2)
        for part in (legacy_pth.MAGIC, legacy_pth.PROTOCOL, {"little_endian": True})
    )


def embedded(name: str) -> Path:
    found = weights.resolve(backbones.find(name), "imagenet", [], Path())
    assert found.path is not None
    return found.path


@pytest.mark.parametrize(("name", "blocks"), [("efficientnet_lite0", 16), ("efficientnet_lite2", 21)])
def test_the_embedded_tables_are_read_without_torch(name, blocks):
    state = legacy_pth.read_state_dict(embedded(name))
    assert state["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert state["_fc.weight"].shape == (1000, 1280)
    assert f"_blocks.{blocks - 1}._project_conv.weight" in state
    assert f"_blocks.{blocks}._project_conv.weight" not in state
    assert (state["_bn0.running_var"] >= 0).all()


@pytest.mark.parametrize("prefix", [b"", header()], ids=["first", "after a true header"])
def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path, prefix):
    canary = tmp_path / "canary"
    hostile = tmp_path / "hostile.pth"
    hostile.write_bytes(prefix + pickle.dumps(Canary(canary), protocol=2))
    with pytest.raises(WeightsError, match="mkdir"):
        legacy_pth.read_state_dict(hostile)
    assert not canary.exists()
    pickle.loads(pickle.dumps(Canary(canary)))  # noqa: S301 - the canary does sing where nothing stops it
    assert canary.exists()


@pytest.mark.parametrize("kept", [10, 5_000, 1_000_000])
def test_a_file_that_was_cut_off_is_refused(tmp_path, kept):
    short = tmp_path / "short.pth"
    short.write_bytes(embedded("efficientnet_lite0").read_bytes()[:kept])
    with pytest.raises(WeightsError, match="no table of weights"):
        legacy_pth.read_state_dict(short)


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [((5,), (1,), 0), ((2,), (1,), 3), ((2,), (1,), -1), ((2,), (-1,), 1), ((1000,), (0,), 0)],
    ids=["too long", "starts too late", "before the start", "backwards", "repeated without end"],
)
def test_a_tensor_cannot_look_outside_of_its_storage(tmp_path, shape, strides, offset):
    # By hand: {"w": _rebuild_tensor_v2(storage "0" of 4 floats, offset, shape, strides)}
    tensor = (
        b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n("
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04NtQ"
        + integer(offset)
        + b"("
        + b"".join(map(integer, shape))
        + b"t("
        + b"".join(map(integer, strides))
        + b"ttRs."
    )
    path = tmp_path / "outside.pth"
    path.write_bytes(header() + tensor + pickle.dumps(["0"], protocol=2) + struct.pack("<q4f", 4, 1, 2, 3, 4))
    with pytest.raises(WeightsError, match="outside its storage"):
        legacy_pth.read_state_dict(path)


def integer(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_end_in_a_weights_error(tmp_path_factory, data, with_header):
    path = tmp_path_factory.getbasetemp() / "any.pth"
    path.write_bytes(header() + data if with_header else data)
    with pytest.raises(WeightsError):
        legacy_pth.read_state_dict(path)
