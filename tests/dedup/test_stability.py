"""What may not change the result: arrival, threads, hash seeds, newcomers. And the two worst inputs."""

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import fetched
import numpy as np
import pandas as pd
from fetched import jpeg, photo, smaller
from hypothesis import given, settings
from hypothesis import strategies as st

from wreck_core import images
from wreck_core.dataset import manifest
from wreck_core.dedup import duplicates
from wreck_core.dedup.duplicates import Found
from wreck_core.layout import Layout
from wreck_core.params import DedupParams, Params

LIMITS = DedupParams(threshold_bits=72, review_bits=84, crops=False, max_cluster=20, max_removed_fraction=0.1)


def families(seed: int, count: int, labelled: int) -> pd.DataFrame:
    """Candidates whose hashes lie around a few centres; the first `labelled` have a label that trains."""
    random = np.random.default_rng(seed)
    centres = random.integers(0, 2, (max(1, count // 5), 256), dtype=np.uint8)
    bits = centres[random.integers(0, len(centres), count)]
    for row in bits:
        row[random.choice(256, random.integers(0, 50))] ^= 1
    hashes = [row.tobytes() for row in np.packbits(bits, axis=1)]
    table = pd.DataFrame({"sha256": [f"{seed:032x}{at:032x}" for at in range(count)]})
    return table.assign(
        url_id=table.sha256,
        path=table.sha256 + ".jpg",
        list="a.csv",
        line=random.permutation(count),
        bytes=random.integers(1_000, 90_000, count),
        width=random.integers(100, 140, count),
        height=100 + np.arange(count),  # no two are of one size, so that no file is opened
        phash=hashes,
        phash_square=hashes,
        labeled_at=[f"2026-01-{1 + at % 28:02}T00:00:00Z" if at < labelled else "" for at in range(count)],
        trained=np.arange(count) < labelled,
    )


def find(candidates: pd.DataFrame) -> Found:
    return duplicates.find(candidates, Path("nowhere"), {}, {}, LIMITS)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 60), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(seed: int, count: int, random: Random) -> None:
    table = families(seed, count, count // 3)
    order = list(range(count))
    random.shuffle(order)
    pd.testing.assert_frame_equal(find(table.iloc[order]).rows, find(table).rows)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 60))
def test_newcomers_take_no_labelled_picture_s_place(seed: int, count: int) -> None:
    labelled = count // 2
    table = families(seed, count, labelled)
    before, after = find(table[:labelled]), find(table.assign(width=table.width + 900 * ~table.trained))
    survivors = [
        dict(zip(found.pictures.sha256, found.pictures.sha256.to_numpy()[found.survivor], strict=True))
        for found in (before, after)
    ]
    for sha256 in table.sha256[:labelled]:
        assert survivors[1][sha256] == survivors[0][sha256]


def test_threads_seeds_and_time_zones_change_no_byte(layout: Layout) -> None:
    pictures = [(str(seed), jpeg(photo(seed))) for seed in range(12)]
    fetched.store(layout, *pictures, ("copy", pictures[0][1]), ("small", jpeg(smaller(photo(1)))))
    # Without a version every picture is hashed again, by as many threads as there are.
    pd.read_parquet(layout.candidates).drop(columns="hash_version").to_parquet(layout.candidates)
    seen = set()
    for threads, seed, zone in (("1", "1", "UTC"), ("4", "2", "Pacific/Kiritimati")):
        environment = {"OPENCV_FOR_THREADS_NUM": threads, "PYTHONHASHSEED": seed, "TZ": zone}
        subprocess.run(
            [sys.executable, "-m", "wreck_core", "--workspace", str(layout.root), "dedup"],
            env=os.environ | environment,
            check=True,
            capture_output=True,
        )
        seen.add(layout.duplicates.read_bytes() + layout.dedup_json.read_bytes())
    assert len(seen) == 1


def test_a_hot_bucket_is_one_cluster_with_one_link_each() -> None:
    table = families(1, 4_000, 0)
    hot = table.index[::20]  # 5 % identical
    table.loc[hot, "phash"] = table.loc[hot, "phash_square"] = table.phash[0]
    found = find(table)
    shas = table.sha256[hot]
    (survivor,) = set(found.pictures.sha256.to_numpy()[found.survivor][found.pictures.sha256.isin(shas)])
    links = found.rows[found.rows.sha256.isin(shas) & found.rows.survivor_sha256.isin(shas)]
    assert len(links) == len(hot) - (survivor in set(shas))


def test_a_chain_of_crops_is_no_one_cluster_but_stays_in_one_fold(params: Params, layout: Layout) -> None:
    picture, steps = images.resize(photo(7), 1600, 1200), 14
    chain = [picture[at * 16 : 1200 - at * 16, at * 21 : 1600 - at * 21].copy() for at in range(steps)]
    fetched.store(layout, *((str(at), jpeg(crop)) for at, crop in enumerate(chain)))
    candidates = pd.read_parquet(layout.candidates).assign(labeled_at="", trained=False)
    found = duplicates.find(candidates, layout.root, {}, {}, params.dedup)
    dropped = found.rows[found.rows.decision == "drop"]
    assert dropped.distance.max() <= params.dedup.threshold_bits
    home = dict(zip(found.pictures.sha256, found.survivor.tolist(), strict=True))
    first, last = candidates.sha256.iloc[0], candidates.sha256.iloc[-1]
    assert home[first] != home[last]
    assert len(set(home.values())) < steps
    assert set(manifest.clusters(found.rows)) == set(candidates.sha256)
    assert len(set(manifest.clusters(found.rows).values())) == 1
