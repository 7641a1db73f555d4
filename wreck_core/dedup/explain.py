"""Why two pictures are linked, and why one of them survives, in words."""

from typing import Any

import pandas as pd

from wreck_core.dedup import clusters
from wreck_core.phash import HASH_BYTES

BITS = 8 * HASH_BYTES

_LIKE = {
    "pixels": "equal pixel by pixel, in another file",
    "full": "{bits} of {of} bits differ",
    "square": "{bits} of {of} bits differ in the centre square",
    "mirror": "mirrored, {bits} of {of} bits differ",
    "crop": "one seems to be a part of the other",
}

# By the columns of clusters.survivor_keys.
_BECAUSE = {
    "untrained": "only it has a label that trains",
    "unlabelled": "only it has a label",
    "labeled_at": "it was labelled first",
    "pixels": "it has more pixels",
    "bytes_per_pixel": "its file spends more bytes on a pixel",
    "list": "its list comes first",
    "line": "its list names it first",
    "sha256": "they are equally good, and its name comes first",
}


def likeness(transform: str, distance_bits: int) -> str:
    """Say what a pair has in common; a distance of BITS means that no hash of theirs says so."""
    if distance_bits >= BITS and transform in ("full", "square"):
        return "alike by a person's word alone"
    return _LIKE[transform].format(bits=distance_bits, of=BITS)


def preference(pictures: pd.DataFrame) -> dict[str, tuple[Any, ...]]:
    """Give what decides who survives, by sha256: for `because`."""
    keys = clusters.survivor_keys(pictures)
    return dict(zip(pictures.sha256, keys.itertuples(index=False, name=None), strict=True))


def because(better: tuple[Any, ...], worse: tuple[Any, ...]) -> str:
    """Say why the better of two pictures survives: the first thing in which they differ."""
    for name, one, other in zip(_BECAUSE, better, worse, strict=True):
        if one != other:
            return _BECAUSE[name]
    return _BECAUSE["sha256"]
