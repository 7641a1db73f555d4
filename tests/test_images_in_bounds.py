"""What a broken or enormous picture costs: the peak of a process that decodes it, and the longest time."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import peak
import pytest
from bad_web import bmp_claiming, gif_claiming, jpeg_claiming, png_claiming, webp_claiming

from wreck_core import images

# A whole picture first: what decoders set up once is not what a hostile one costs.
DECODE = """
import time
from wreck_core import images
from wreck_core.errors import ImageRejectedError

folder = Path(asked["folder"])
images.decode((folder / "whole.jpg").read_bytes())
begin()
ended, longest_s = {}, 0.0
for path in sorted((folder / "bad").iterdir()):
    data, began = path.read_bytes(), time.perf_counter()
    try:
        images.decode(data)
        ended[path.name] = "ok"
    except ImageRejectedError as error:
        ended[path.name] = error.status
    longest_s = max(longest_s, time.perf_counter() - began)
print(json.dumps({"ended": ended, "longest_s": longest_s, "grown_mb": grown_mb()}))
"""


def laid(folder: Path, bad: dict[str, bytes]) -> str:
    (folder / "bad").mkdir()
    small = np.zeros((64, 64, 3), np.uint8)
    (folder / "whole.jpg").write_bytes(images.encode(small, "jpg"))
    for name, data in bad.items():
        (folder / "bad" / name).write_bytes(data)
    return str(folder)


@pytest.mark.slow
def test_broken_pictures_of_every_kind_stay_within_the_memory_of_one_that_is_whole(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    draw = np.random.default_rng(3)
    large = images.resize(draw.integers(0, 256, (40, 60, 3), np.uint8), 6000, 4000)  # 24 megapixels
    bad = {}
    for kind in ("jpg", "png", "webp"):
        whole = images.encode(large, kind)
        for number, share in enumerate((0.01, 0.5, 0.99)):
            bad[f"cut-{number}.{kind}"] = whole[: int(len(whole) * share)]
        for number in range(12):
            noisy = bytearray(whole)
            for at in draw.integers(20, len(noisy), 40):
                noisy[at] ^= 1 << draw.integers(8)
            bad[f"flipped-{number}.{kind}"] = bytes(noisy)
    told = peak.run(DECODE, folder=laid(tmp_path, bad))
    assert set(told["ended"]) == set(bad)
    assert set(told["ended"].values()) <= {"ok", "decode_failed", "too_many_pixels", "not_image"}
    assert all(status == "decode_failed" for name, status in told["ended"].items() if "cut" in name)
    assert told["grown_mb"] < 300
    cost = f"the longest took {told['longest_s']:.2f} s, peak of memory +{told['grown_mb']:.0f} MB"
    record_property("R7", f"{len(bad)} broken pictures of 24 megapixels: {cost}")


def test_bombs_of_every_format_cost_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    bombs = {
        "png": png_claiming(60_000, 60_000),
        "jpeg": jpeg_claiming(25_500, 25_500),
        "webp": webp_claiming((1 << 24, 1 << 24), (64, 64)),
        "gif": gif_claiming((65_535, 65_535), (64, 64)),
        "bmp": bmp_claiming(1 << 30, -(1 << 30)),
        "late-webp": webp_claiming((64, 64), (16_384, 16_384)),
        "late-gif": gif_claiming((64, 64), (65_535, 65_535)),
    }
    told = peak.run(DECODE, folder=laid(tmp_path, bombs))
    late = {name for name, status in told["ended"].items() if status == "decode_failed"}
    assert late == {"late-webp", "late-gif"}
    assert set(told["ended"].values()) == {"too_many_pixels", "decode_failed"}
    assert told["grown_mb"] < 100
    cost = f"{1000 * told['longest_s']:.1f} ms at most, peak of memory +{told['grown_mb']:.1f} MB"
    record_property("R8", f"{len(bombs)} bombs of five formats: {cost}")
