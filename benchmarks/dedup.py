"""Dedup beside imagededup, imagehash, faiss and brute force, in one run: recall, precision, speed, search.

`python -m benchmarks.dedup [--photos DIR]`; without a folder of photos, on drawn ones. The peers get an
environment of their own, made at the first run. Three tables:

- edits: recall and precision in percent among photos and one edit of each, of which no two photos are
  the same. Ours at the default threshold, and with what is for review (`dedup.crops`, mirrors); imagededup
  at its default of 10 of 64 bits, imagehash at our threshold of 256.
- hashing: pictures per CPU-second, from files and of decoded pictures. We take two hashes of a picture
  (full frame, centre square); imagehash is shown with one and, doing the same work, with two.
- search: hashes joined with themselves. We join full frames and centre squares, the peers one hash.

Exits with 1 when a goal is missed. Precision, speed and search goals hold on any photos, recall on real ones.
"""

import json
import subprocess
import sys
import tempfile
import venv
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import machine
from benchmarks.edits import EDITS
from wreck_core import images, params, phash
from wreck_core.dedup import crops, search
from wreck_core.images import Image
from wreck_core.phash import Hashes
from wreck_core.sample.draw import draw_car
from wreck_core.stages import dedup as stage

ROOT = Path(__file__).resolve().parents[1]
PARAMS = params.load(ROOT / "params.yaml")
DEDUP = PARAMS.dedup
PEERS = [
    "imagededup==0.3.3.post2",
    "imagehash==4.3.2",
    "faiss-cpu==1.15.1",
    "torch==2.13.0",  # only imagededup asks for these two
    "torchvision==0.28.0",
]
IMAGEDEDUP_BITS = 10  # its default
# Beyond, they take many minutes: told from the largest that was run, as the square of the size.
LIMIT = {"faiss": 100_000, "imagededup": 10_000, "brute force": 10_000}
CROPS_LIMIT = 100_000
SEED = 29
AT_LEAST = {
    **dict.fromkeys(("resize", "thumbnail", "JPEG", "grey", "brightness", "watermark"), 99.0),
    "crop 5 %": 85.0,
}
AT_LEAST_FOR_REVIEW = {"crop 10 %": 80.0}
Rows = list[dict[str, Any]]


def main() -> int:
    """Measure, print, and say whether every goal is met."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--photos", metavar="DIR", type=Path, help="a folder of photos")
    parser.add_argument("--count", type=int, default=120, help="photos to edit")
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--join", type=int, help="only join so many hashes, and print the cost")
    arguments = parser.parse_args()
    if arguments.join:
        print(json.dumps(join(arguments.join)))
        return 0
    python = peer_python()
    # Searches first, because a child process begins with the peak memory of its parent.
    tables = {"search": searches(arguments.sizes, python)}
    photos = read_photos(arguments.photos, arguments.count)
    tables |= hash_and_find(photos, python)
    about = machine.describe("numpy", "opencv-python", "pandas") | {"peers": ", ".join(PEERS)}
    about |= {"photos": len(photos), "edits": len(EDITS), "block radius": search.BLOCK_RADIUS_BITS}
    goals = [goal for rows in tables.values() for row in rows if (goal := str(row["goal"]))]
    about |= {"goals met": f"{sum(goal.startswith('met') for goal in goals)} of {len(goals)}"}
    if arguments.json:
        print(json.dumps({"about": about, **tables}, indent=2))
    else:
        print("; ".join(f"{name} {value}" for name, value in about.items()))
        for name, rows in (each for each in tables.items() if each[1]):
            print(f"\n{name}")
            machine.show_table(rows)
    return 1 if any(goal.startswith("MISSED") for goal in goals) else 0


def peer_python() -> str:
    """Give the interpreter of the peers' own environment, made at the first run; '' when it cannot be."""
    home = ROOT / ".wreck" / "bench" / "dedup"
    python = home / "bin" / "python"
    if not (home / "installed").exists():
        venv.create(home, with_pip=True)
        done = subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEERS], check=False)
        if done.returncode:
            return ""
        (home / "installed").touch()
    return str(python)


def peer(python: str, *words: str) -> dict[str, Any]:
    """Run the peers; what failed says so under `failed`."""
    if not python:
        return {"failed": "could not be installed"}
    script = str(Path(__file__).with_name("dedup_peers.py"))
    done = subprocess.run([python, script, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no reason given"])[-1]}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def read_photos(folder: Path | None, count: int) -> list[Image]:
    """Read photos of which no two are the same, at most 800 px, evenly from the folder; or draw them."""
    if folder is None:
        return [draw_car(seed, damaged=seed % 2 == 0) for seed in range(count)]
    found = stage.run_folder(PARAMS, folder).data
    named = {pair[side] for pair in found["pairs"] for side in ("path", "survivor")}
    named |= {row["path"] for row in found["rejected"]}
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    photos = [path for path in paths if path.relative_to(folder).as_posix() not in named]
    chosen = [photos[at] for at in np.linspace(0, len(photos) - 1, min(count, len(photos))).astype(int)]
    return [images.fit_within(images.load(path), 800) for path in chosen]


def hash_and_find(photos: list[Image], python: str) -> dict[str, Rows]:
    """Edit, save, hash and find: the tables of hashing and of edits."""
    with tempfile.TemporaryDirectory() as name:
        folder, count = Path(name), len(photos)
        for number, edit in enumerate(["original", *EDITS]):
            for at, photo in enumerate(photos):
                picture = photo if edit == "original" else EDITS[edit](photo)
                data = images.encode(picture, "jpg", quality=95)
                (folder / f"{number:02}-{at:05}.jpg").write_bytes(data)
        paths = sorted(folder.glob("*.jpg"))
        theirs = peer(python, "hash", name)
        with machine.measured() as from_files:
            full, square = phash.of_greys(
                images.decode_grey(path.read_bytes(), enough_px=phash.ENOUGH_PX) for path in paths
            )
        decoded = [images.load(path) for path in paths[:: max(1, len(paths) // 500)]]
        with machine.measured() as alone:
            phash.of_greys(images.grey(picture) for picture in decoded)
        edits: Rows = []
        for number, edit in enumerate(EDITS, start=1):
            part = np.r_[0:count, number * count : (number + 1) * count]
            pairs = search.near_pairs(full[part], square[part], DEDUP.threshold_bits)
            table = pd.DataFrame({"path": [paths[at].name for at in part]})
            reviewed = [
                crops.find(table, folder, DEDUP.review_bits),
                search.mirror_pairs(full[part], DEDUP.threshold_bits),
            ]
            row = {"edit": edit, **_judged("ours", _named(pairs), count)}
            row |= _judged("for review", _named(pd.concat([pairs, *reviewed])), count)
            for who in ("imagededup", "imagehash"):
                row |= _judged(who, _their_pairs(theirs, who, part), count)
            edits.append(row | {"goal": _edit_goal(edit, row)})
    rates = {"from files": len(paths) / from_files.cpu_s, "decoded": len(decoded) / alone.cpu_s}
    return {"hashing": list(_speeds(rates, len(paths), theirs)), "edits": edits}


def _named(pairs: pd.DataFrame) -> set[tuple[int, int]]:
    return set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))


def _judged(who: str, pairs: set[tuple[int, int]] | str, count: int) -> dict[str, Any]:
    """Give recall and precision in percent of pairs: of `count` photos and, behind them, an edit of each."""
    if isinstance(pairs, str):
        return {f"{who} recall": pairs, f"{who} precision": ""}
    right = sum(other - one == count for one, other in pairs)
    precision = f"{100 * right / len(pairs):.1f}" if pairs else "-"
    return {f"{who} recall": f"{100 * right / count:.1f}", f"{who} precision": precision}


def _edit_goal(edit: str, row: dict[str, Any]) -> str:
    least = max((value for start, value in AT_LEAST.items() if edit.startswith(start)), default=0.0)
    for_review = AT_LEAST_FOR_REVIEW.get(edit, 0.0)
    met = (
        float(row["ours recall"]) >= least
        and float(row["for review recall"]) >= for_review
        and row["ours precision"] in ("100.0", "-")
    )
    asked = f" >= {least:.0f}" * bool(least) + f" for review >= {for_review:.0f}" * bool(for_review)
    return f"{'met' if met else 'MISSED'}{asked}, 0 false"


def _their_pairs(theirs: dict[str, Any], who: str, part: Any) -> set[tuple[int, int]] | str:
    """Compare every picture with every other by the peer's hashes; or why that cannot be."""
    found = theirs.get(who, theirs)
    if "failed" in found:
        return f"failed: {found['failed'][:60]}"
    codes = [bytes.fromhex(found["hashes"][at]) for at in part]
    hashes: Hashes = np.frombuffer(b"".join(codes), np.uint8).reshape(len(codes), -1)
    bits = np.bitwise_count(hashes[:, None] ^ hashes[None]).sum(axis=2)
    near = np.triu(bits <= (IMAGEDEDUP_BITS if who == "imagededup" else DEDUP.threshold_bits), 1)
    return {(int(one), int(other)) for one, other in zip(*np.nonzero(near), strict=True)}


def _speeds(ours: dict[str, float], count: int, theirs: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One row for each way to begin: pictures per CPU-second, and how many times imagehash that is."""
    for start, rate in ours.items():
        row = {"hashing": start, "ours, 2 hashes": f"{rate:.0f}"}
        seconds = {
            f"{who}, {hashes} hash{'es' if hashes == 2 else ''}": theirs.get(who, {}).get(f"{start} {hashes}")
            for who, hashes in (("imagededup", 1), ("imagehash", 1), ("imagehash", 2))
        }
        rates = {who: count / spent if spent else 0.0 for who, spent in seconds.items()}
        row |= {who: f"{each:.0f}" if each else "-" for who, each in rates.items()}
        one, two = (rates[name] for name in list(rates)[1:])
        if not one or not two:
            yield row | {"goal": ""}
            continue
        # Two hashes are compared with two where the decoder, which is not ours, takes most of the time.
        times = rate / (two if start == "from files" else one)
        told = f"{rate / one:.1f} x one hash, {rate / two:.1f} x two"
        yield row | {"goal": f"{'met' if times >= 3 else 'MISSED'} >= 3 x imagehash: {told}"}


def join(count: int) -> dict[str, Any]:
    """Join random hashes with themselves: full frames and centre squares, mirrors, windows of crops."""
    full, square = (
        np.random.default_rng(seed).integers(0, 256, (count, phash.HASH_BYTES), np.uint8)
        for seed in (SEED, SEED + 1)
    )
    with machine.measured() as near:
        pairs = search.near_pairs(full, square, DEDUP.review_bits)
    with machine.measured() as mirror:
        search.mirror_pairs(full, DEDUP.threshold_bits)
    cost = {"cpu_s": near.cpu_s, "mirror_cpu_s": mirror.cpu_s, "peak_mb": machine.peak_rss_mb()}
    if count > CROPS_LIMIT:
        return {**cost, "pairs": len(pairs)}
    shape = (count, 1 + crops.WINDOWS, phash.HASH_BYTES)
    windows = np.random.default_rng(SEED).integers(0, 256, shape, np.uint8)
    with machine.measured() as crop:
        crops.candidates(windows, DEDUP.review_bits)
    crop_cost = {"crop_cpu_s": crop.cpu_s, "crop_peak_mb": machine.peak_rss_mb()}
    return {**cost, "pairs": len(pairs), **crop_cost}


def searches(sizes: list[int], python: str) -> Rows:
    """One row for each number of hashes."""
    rows: Rows = []
    costs: dict[str, dict[int, float]] = {who: {} for who in ("ours", *LIMIT)}
    for size in sizes:
        words = [sys.executable, "-m", "benchmarks.dedup", "--join", str(size)]
        done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
        ours = json.loads(done.stdout)
        costs["ours"][size] = ours["cpu_s"]
        row = {
            "search": f"{size:,}",
            "ours": _cost(ours),
            "mirrors": f"+{ours['mirror_cpu_s']:.1f} CPU-s",
            "crops": "not run",
        }
        if "crop_cpu_s" in ours:
            row["crops"] = f"+{ours['crop_cpu_s']:.1f} CPU-s, {ours['crop_peak_mb']:.0f} MB"
        for who, limit in LIMIT.items():
            if size > limit:
                known = max(costs[who], default=0)
                guess = costs[who][known] * (size / known) ** 2 if known else 0
                row[who] = f"about {guess:,.0f} CPU-s, not run" if known else "not run"
                continue
            found = peer(python, "search", who, str(size), str(SEED))
            row[who] = f"failed: {found['failed'][:40]}" if "failed" in found else _cost(found)
            if "cpu_s" in found:
                costs[who][size] = found["cpu_s"]
        rows.append(row | {"goal": _search_goal(size, ours, costs["ours"])})
    return rows


def _cost(found: dict[str, Any]) -> str:
    return f"{found['cpu_s']:.1f} CPU-s, {found['peak_mb']:.0f} MB"


def _search_goal(size: int, ours: dict[str, Any], costs: dict[int, float]) -> str:
    if size != 1_000_000:
        return ""
    met = ours["cpu_s"] <= 60 and ours["peak_mb"] <= 1500
    growth = ""
    if 100_000 in costs:
        times = ours["cpu_s"] / costs[100_000]
        met, growth = met and times <= 30, f", {times:.0f} <= 30 x 100,000"
    return f"{'met' if met else 'MISSED'} <= 60 CPU-s, 1,500 MB{growth}"


if __name__ == "__main__":
    sys.exit(main())
