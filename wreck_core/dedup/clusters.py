"""Which picture of several survives: survivor order, star clusters, and the rules that stop a run.

Never union-find: near-duplicates chain (a to b to c), and one wrong link more makes one cluster of
the whole dataset. In a star every member is within the threshold of its survivor.
"""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core.errors import GateError
from wreck_core.params import DedupParams

Pair = tuple[int, int]
Survivors = NDArray[np.int64]

_SHOWN_CLUSTERS = 5
_SHOWN_MEMBERS = 8


def rank(pictures: pd.DataFrame) -> pd.DataFrame:
    """Sort pictures so that of any two the first survives; a labelled one never yields to a newcomer."""
    keys = survivor_keys(pictures)
    return pictures.loc[keys.sort_values(list(keys.columns)).index].reset_index(drop=True)


def survivor_keys(pictures: pd.DataFrame) -> pd.DataFrame:
    """Give what decides who survives, the weightiest column first; the smaller value survives.

    Needs sha256, width, height, bytes, list, line, labeled_at ('' when unlabelled) and trained (has
    a label that trains).
    """
    pixels = pictures.width * pictures.height
    return pd.DataFrame(
        {
            "untrained": ~pictures.trained,
            "unlabelled": pictures.labeled_at == "",
            "labeled_at": pictures.labeled_at,
            "pixels": -pixels,
            "bytes_per_pixel": -pictures.bytes / pixels,
            "list": pictures.list,
            "line": pictures.line,
            "sha256": pictures.sha256,
        }
    )


def stars(count: int, near: Iterable[Pair], same: Iterable[Pair], apart: set[Pair]) -> Survivors:
    """Give each of `count` ranked pictures its survivor: the best-ranked that it may join, or itself.

    Pairs are (better, worse) ranks. A `near` picture joins only a survivor; the `same` as another
    (equal hashes, equal pixels, a person's word) it goes wherever that one went. Pairs in `apart`,
    also a person's word, never join.
    """
    near_of, same_of = defaultdict(list), defaultdict(list)
    for left, right in near:
        near_of[right].append(left)
    for left, right in same:
        same_of[right].append(left)
    survivor = np.arange(count)
    for right in sorted(near_of.keys() | same_of.keys()):
        open_to = [left for left in near_of[right] if survivor[left] == left]
        open_to += [int(survivor[left]) for left in same_of[right] if (left, right) not in apart]
        survivor[right] = min((left for left in open_to if (left, right) not in apart), default=right)
    return survivor


def check(pictures: pd.DataFrame, survivor: Survivors, near_removed: int, params: DedupParams) -> None:
    """Stop a result that smells of a wrong threshold or a placeholder picture.

    `pictures` are ranked and have path. Raises GateError, showing the largest clusters, when one is
    larger than max_cluster or near-duplicates are more than max_removed_fraction of the pictures.
    """
    sizes = np.bincount(survivor, minlength=len(pictures))
    largest = int(sizes.max(initial=0))
    allowed = params.max_removed_fraction * len(pictures)
    if largest > params.max_cluster:
        fault = f"one cluster holds {largest} pictures, more than dedup.max_cluster {params.max_cluster}"
    elif near_removed > allowed:
        fault = (
            f"{near_removed} of {len(pictures)} pictures are near-duplicates, more than"
            f" dedup.max_removed_fraction {params.max_removed_fraction:g}"
        )
    else:
        return
    raise GateError(
        f"{fault}:\n{_show(pictures, survivor, sizes)}",
        where="dedup",
        fix="look at them with `wreck dedup --review`: lower dedup.threshold_bits if they differ, take a"
        " placeholder picture out of the list, or raise the limit in params.yaml if they are all the same",
    )


def _show(pictures: pd.DataFrame, survivor: Survivors, sizes: NDArray[np.int64]) -> str:
    """List the largest clusters: the survivor, and below it what would go."""
    lines = []
    for best in np.argsort(-sizes, kind="stable")[:_SHOWN_CLUSTERS]:
        if sizes[best] < 2:
            break
        members = pictures.path[(survivor == best) & (np.arange(len(pictures)) != best)]
        lines.append(f"  {pictures.path[best]} would stand for {len(members)}:")
        lines += [f"      {path}" for path in members[:_SHOWN_MEMBERS]]
        if len(members) > _SHOWN_MEMBERS:
            lines.append(f"      and {len(members) - _SHOWN_MEMBERS} more")
    return "\n".join(lines)
