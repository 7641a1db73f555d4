"""Sticky group folds: a cluster keeps its fold for ever, and a new one goes where it is most needed.

data/folds.csv only ever grows: its rows stand in the order in which the pictures came, a picture
that is no longer used keeps its row, and so its cluster keeps its fold when it returns.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from wreck_core.errors import GateError, InputError
from wreck_core.params import CHOSEN, DatasetParams

COLUMNS = ["sha256", "cluster", "fold", "split"]
TEST_FOLD = -1

# (label, source), (label,) or (): what a fold should have its share of.
Stratum = tuple[str, ...]


def read(path: Path, folds: int) -> pd.DataFrame:
    """Read folds.csv (COLUMNS); no file: no rows.

    Raises InputError for a broken file, GateError when it holds a fold that params no longer has.
    """
    if not path.exists():
        return pd.DataFrame(columns=COLUMNS, dtype=str).astype({"fold": "int64"})
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)[COLUMNS].astype({"fold": "int64"})
    except (ValueError, KeyError) as error:  # pandas' parser errors are ValueErrors
        raise InputError(
            f"is no readable list of folds: {error}", where=str(path), fix="take it back from git"
        ) from None
    beyond = frame.index[~frame.fold.between(TEST_FOLD, folds - 1)]
    if len(beyond):
        raise GateError(
            f"a picture is in fold {frame.fold[beyond[0]]}, but dataset.folds is {folds}",
            where=f"{path}:{beyond[0] + 2}",
            fix="set dataset.folds back, or delete the file to draw all folds anew; scores of before then"
            " no longer compare",
        )
    return frame


def extend(
    previous: pd.DataFrame, used: pd.DataFrame, cluster_of: Mapping[str, str], params: DatasetParams
) -> pd.DataFrame:
    """Give every used picture a fold; returns all rows of `previous`, then the new ones by sha256.

    `used` has sha256, label, source, selection; clusters with a picture that was CHOSEN stay out of the
    test fold. When clusters have merged, all their pictures move to the fold
    of the picture that came first.
    """
    new = used[~used.sha256.isin(previous.sha256)].sort_values("sha256")
    rows = pd.concat([previous, new[["sha256"]]], ignore_index=True)
    rows["cluster"] = [cluster_of.get(sha, sha) for sha in rows.sha256]
    settled = rows[: len(previous)].drop_duplicates("cluster")
    homes = dict(zip(settled.cluster, settled.fold.astype(int), strict=True))
    _place(homes, used.assign(cluster=[cluster_of.get(sha, sha) for sha in used.sha256]), params)
    rows["fold"] = rows.cluster.map(homes).astype("int64")
    rows["split"] = rows.fold.map(lambda fold: "test" if fold == TEST_FOLD else "fold")
    return rows[COLUMNS]


def _place(homes: dict[str, int], used: pd.DataFrame, params: DatasetParams) -> None:
    """Add to `homes` a fold for each cluster of `used` that has none.

    One by one, the large ones first, in an order drawn by the seed, each goes to the fold that is
    furthest behind its share of the cluster's labels and sources, then of its labels, then of all.
    """
    strata_of: defaultdict[str, list[Stratum]] = defaultdict(list)
    for cluster, label, source in zip(used.cluster, used.label, used.source, strict=True):
        strata_of[cluster] += [(label, source), (label,), ()]
    clusters_chosen = set(used.cluster[used.selection.isin(CHOSEN)])
    share = {fold: (1 - params.test_fraction) / params.folds for fold in range(params.folds)}
    if params.test_fraction > 0:
        share[TEST_FOLD] = params.test_fraction
    filled: dict[int, Counter[Stratum]] = {fold: Counter() for fold in (*share, TEST_FOLD)}
    for cluster in strata_of.keys() & homes.keys():
        filled[homes[cluster]].update(strata_of[cluster])
    waiting = strata_of.keys() - homes.keys()
    for cluster in sorted(waiting, key=lambda name: (-len(strata_of[name]), _draw(params.seed, name))):
        strata = strata_of[cluster]
        fullness = {
            fold: (*_fullness(filled[fold], strata, part), fold)
            for fold, part in share.items()
            if fold != TEST_FOLD or cluster not in clusters_chosen
        }
        homes[cluster] = min(fullness, key=fullness.__getitem__)
        filled[homes[cluster]].update(strata)


def _fullness(filled: Counter[Stratum], strata: Sequence[Stratum], share: float) -> list[float]:
    """Say how full a fold is for its share, as seen by `strata`: of (label, source), (label,) and ()."""
    return [sum(filled[stratum] for stratum in strata if len(stratum) == size) / share for size in (2, 1, 0)]


def _draw(seed: int, cluster: str) -> str:
    return hashlib.sha256(f"{seed}:{cluster}".encode()).hexdigest()


def check(manifest: pd.DataFrame, classes: Sequence[str], params: DatasetParams) -> None:
    """Raise GateError when a fold, or the test fold, has no picture of some class."""
    counts = manifest.groupby(["fold", "label"]).size()
    expected = {*range(params.folds), *manifest.fold, *([TEST_FOLD] if params.test_fraction > 0 else [])}
    for fold in sorted(expected):
        for label in classes:
            if (fold, label) not in counts.index:
                place = "the test fold" if fold == TEST_FOLD else f"fold {fold}"
                have = int((manifest.label == label).sum())
                raise GateError(
                    f"{place} has no picture of {label}, of which there are {have} in all",
                    where="dataset",
                    fix="label more pictures, or lower dataset.folds or dataset.test_fraction in params.yaml",
                )
