"""Which pictures train: labelled, not a duplicate, not in conflict; and which of them belong together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from wreck_core.dataset.labels import BOX

COLUMNS = ["sha256", "path", "label", "cluster", "source", "selection", "fold", "split", *BOX, "license"]


@dataclass(frozen=True)
class Narrowed:
    """Tables of pictures, each within the one before, one row a picture, sorted by sha256.

    `unique`: no duplicates (sha256, path, source, license); `labelled`: with a label that trains (also the
    columns of the labels); `used`: without those whose labels contradict.
    """

    unique: pd.DataFrame
    labelled: pd.DataFrame
    used: pd.DataFrame


def narrow(
    candidates: pd.DataFrame, duplicates: pd.DataFrame, labels: pd.DataFrame, classes: Sequence[str]
) -> Narrowed:
    """Narrow the candidates, one row per URL, down to the pictures that train."""
    pictures = _pictures(candidates)
    dropped = (duplicates.decision == "drop") & (duplicates["transform"] != "bytes")
    unique = pictures[~pictures.sha256.isin(duplicates.sha256[dropped])]
    labelled = unique.merge(labels[labels.label.isin(classes)], on="sha256")
    conflict = duplicates[duplicates.conflict]
    contradicted = set(conflict.sha256) | set(conflict.survivor_sha256)
    used = labelled[~labelled.sha256.isin(contradicted)].reset_index(drop=True)
    return Narrowed(unique, labelled, used)


def _pictures(candidates: pd.DataFrame) -> pd.DataFrame:
    """Merge the rows of each picture (sha256, path, source, license), sorted by sha256.

    Its source is the first that a list names, else the first host. Its licenses are all that lists
    name, each once, joined by " | ": which of them holds is not for us to say.
    """
    rows = candidates.reindex(columns=["sha256", "path", "host", "source", "license"])
    rows = rows.astype(dict.fromkeys(["host", "source", "license"], "string"))  # a column may be all null
    rows["named"] = rows.source.where(rows.source != rows.host)
    merged = rows.groupby("sha256", as_index=False).first()  # of each column the first that is not null
    named = rows.dropna(subset="license").drop_duplicates(["sha256", "license"]).groupby("sha256").license
    return pd.DataFrame(
        {
            "sha256": merged.sha256,
            "path": merged.path,
            "source": merged.named.fillna(merged.host),
            "license": merged.sha256.map(named.agg(" | ".join).to_dict()).astype("string"),
        }
    )


def clusters(duplicates: pd.DataFrame) -> dict[str, str]:
    """Name the cluster of every picture that has a duplicate, or may have one; others are their own.

    For the split all pictures that are linked, directly or not, stay together, those under review
    too: a pair that may be the same must not straddle two folds. A cluster is named after its
    smallest survivor that is nobody's duplicate.
    """
    linked = duplicates[(duplicates["transform"] != "bytes") & (duplicates.decision != "keep")]
    names = np.unique(np.concatenate([linked.sha256, linked.survivor_sha256]).astype(str))
    member, survivor = (np.searchsorted(names, linked[name]) for name in ("sha256", "survivor_sha256"))
    links = coo_array((np.ones(len(linked)), (member, survivor)), shape=(len(names), len(names)))
    _, component = connected_components(links, directed=False)
    # Survivors first, so that the first name of a component is one.
    frame = pd.DataFrame({"sha256": names, "component": component})
    frame["joined"] = frame.sha256.isin(linked.sha256)
    frame = frame.sort_values(["component", "joined", "sha256"])
    frame["cluster"] = frame.groupby("component").sha256.transform("first")
    return dict(zip(frame.sha256, frame.cluster, strict=True))


def conflicts(duplicates: pd.DataFrame) -> int:
    """Count the pictures and clusters whose labels contradict; all URLs of a cluster are one."""
    rows = duplicates[duplicates.conflict]
    joined = rows[rows["transform"] != "bytes"]
    home = dict(zip(joined.sha256, joined.survivor_sha256, strict=True))
    return len({home.get(sha256, sha256) for sha256 in rows.survivor_sha256})


def build(used: pd.DataFrame, folds: pd.DataFrame, crop: Literal["box", "full"]) -> pd.DataFrame:
    """Join the used pictures with their folds: the manifest (COLUMNS), sorted by sha256.

    `selection` says how a picture first came to be labelled: `list`, or the order of the queue. x, y, w, h
    are the part of the upright picture to train on, in fractions (0-1) from its top left corner; missing:
    all of it, as with the crop `full`.
    """
    table = used.merge(folds, on="sha256")[COLUMNS].sort_values("sha256", ignore_index=True)
    return table if crop == "box" else table.assign(**dict.fromkeys(BOX, float("nan")))


def leaks(manifest: pd.DataFrame, duplicates: pd.DataFrame) -> int:
    """Count clusters in several folds, and pairs that may be the same in two: anything but 0 is a lie."""
    places = manifest.groupby("cluster").fold.nunique()
    fold_of = manifest.set_index("sha256").fold
    pairs = duplicates[duplicates.decision != "keep"]
    one, other = pairs.sha256.map(fold_of), pairs.survivor_sha256.map(fold_of)
    return int((places > 1).sum()) + int((one.notna() & other.notna() & (one != other)).sum())
