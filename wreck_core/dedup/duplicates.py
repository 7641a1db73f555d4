"""From fetched pictures to the rows of duplicates.parquet: every layer, one decision per row."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wreck_core.dedup import clusters, crops, pixels, search
from wreck_core.dedup.claims import Claims
from wreck_core.dedup.clusters import Pair, Survivors
from wreck_core.dedup.decisions import Decisions
from wreck_core.params import DedupParams
from wreck_core.phash import HASH_BYTES, Hashes, mirrored

COLUMNS = ["sha256", "url_id", "survivor_sha256", "distance", "transform", "decision", "conflict"]

TEXT_COLUMNS = ["sha256", "url_id", "survivor_sha256", "transform", "decision"]

NEAR_TRANSFORMS = ("full", "square")

# What two pictures have in common, the surest first; and what becomes of a row.
LAYERS = ("bytes", "pixels", *NEAR_TRANSFORMS, "mirror", "crop")
FATES = ("drop", "review", "conflict", "keep")


@dataclass(frozen=True)
class Found:
    """`pictures` of distinct bytes, best first; the rank of each one's `survivor`; the `rows` (COLUMNS)."""

    pictures: pd.DataFrame
    survivor: Survivors
    rows: pd.DataFrame

    def dropped(self, *transforms: str) -> int:
        """How many rows are dropped for one of the transforms."""
        return int(((self.rows.decision == "drop") & self.rows["transform"].isin(transforms)).sum())

    def layers(self) -> dict[str, dict[str, int]]:
        """Count the rows of each of LAYERS by FATES: each row once."""
        fate = self.rows.decision.mask(self.rows.conflict, "conflict")
        many = Counter(zip(self.rows["transform"], fate, strict=True))
        return {layer: {name: many[layer, name] for name in FATES} for layer in LAYERS}


def find(
    candidates: pd.DataFrame, root: Path, decisions: Decisions, claims: Claims, params: DedupParams
) -> Found:
    """Cluster the candidates, one row per URL, and say what becomes of each picture.

    `candidates` has sha256, url_id, path, phash, phash_square and what `clusters.rank` needs. Only
    pictures that may be equal pixel by pixel are decoded, from below `root`; to find crops, all.
    """
    candidates = candidates.sort_values(["list", "line", "url_id"], ignore_index=True)
    pictures = clusters.rank(candidates.drop_duplicates("sha256"))
    full, square = _hashes(pictures.phash), _hashes(pictures.phash_square)
    near = search.near_pairs(full, square, params.review_bits)
    pictures["digest"] = pixels.digests(pictures, near, root)
    mirror = search.mirror_pairs(full, params.threshold_bits)
    crop = crops.find(pictures if params.crops else pictures[:0], root, params.review_bits)
    said = _by_rank(decisions, pictures.sha256)
    survivor = clusters.stars(
        len(pictures),
        near=_pairs(near[near.distance <= params.threshold_bits]),
        same=[
            *_pairs(near[near.identical]),
            *_pairs(pixels.equal_pairs(pictures.digest)),
            *(pair for pair, same in said.items() if same),
        ],
        apart={pair for pair, same in said.items() if not same},
    )
    conflict = _conflicts(pictures.sha256, survivor, claims)
    links = pd.concat(
        [
            _joined(survivor, conflict),
            _for_review(near.assign(transform=""), survivor, said),
            _for_review(mirror.assign(transform="mirror"), survivor, said),
            _for_review(crop.assign(transform="crop"), survivor, said),
            _kept(said),
        ],
        ignore_index=True,
    ).drop_duplicates(["left", "right"])
    near_rows = _measure(links, pictures, full, square)
    rows = pd.concat([_extra_urls(candidates, pictures.sha256, conflict), near_rows], ignore_index=True)
    rows = rows.sort_values(["sha256", "survivor_sha256", "url_id"], ignore_index=True)[COLUMNS]
    return Found(pictures, survivor, rows.astype(dict.fromkeys(TEXT_COLUMNS, "str")))


def _hashes(column: pd.Series) -> Hashes:
    return np.frombuffer(b"".join(column), np.uint8).reshape(-1, HASH_BYTES)


def _pairs(frame: pd.DataFrame) -> Iterable[Pair]:
    return zip(frame.left.tolist(), frame.right.tolist(), strict=True)


def _by_rank(decisions: Decisions, sha256: pd.Series) -> dict[Pair, bool]:
    """Turn what people said into (better, worse) ranks; pairs of which one is not here are left out."""
    ranks = {sha: rank for rank, sha in enumerate(sha256)}
    return {
        (min(ranks[a], ranks[b]), max(ranks[a], ranks[b])): same
        for (a, b), same in decisions.items()
        if a != b and a in ranks and b in ranks
    }


def _conflicts(sha256: pd.Series, survivor: Survivors, claims: Claims) -> NDArray[np.bool_]:
    """Whether the claims about a picture's cluster contradict each other: bool (N,)."""
    claimed: dict[int, frozenset[str]] = {}
    for sha, best in zip(sha256, survivor.tolist(), strict=True):
        claimed[best] = claimed.get(best, frozenset()) | claims.get(sha, frozenset())
    return np.array([len(claimed[best]) > 1 for best in survivor.tolist()], bool)


def _joined(survivor: Survivors, conflict: NDArray[np.bool_]) -> pd.DataFrame:
    """Link each picture that has another survivor to it; dropped unless the labels contradict."""
    members = np.flatnonzero(survivor != np.arange(len(survivor)))
    return pd.DataFrame(
        {
            "left": survivor[members],
            "right": members,
            "transform": "",
            "decision": np.where(conflict[members], "review", "drop"),
            "conflict": conflict[members],
        }
    )


def _for_review(pairs: pd.DataFrame, survivor: Survivors, said: dict[Pair, bool]) -> pd.DataFrame:
    """Link near pictures of different clusters of which nobody has said yet whether they are the same.

    One of them may be dropped: it chains its survivor to the other, and the split must know.
    """
    across = survivor[pairs.left] != survivor[pairs.right]
    open_pair = across & np.array([pair not in said for pair in _pairs(pairs)], bool)
    links: pd.DataFrame = pairs.loc[open_pair, ["left", "right", "transform"]]
    return links.assign(decision="review", conflict=False)


def _kept(said: dict[Pair, bool]) -> pd.DataFrame:
    apart = sorted(pair for pair, same in said.items() if not same)
    frame = pd.DataFrame(apart, columns=["left", "right"], dtype=np.int64)
    return frame.assign(transform="", decision="keep", conflict=False)


def _measure(links: pd.DataFrame, pictures: pd.DataFrame, full: Hashes, square: Hashes) -> pd.DataFrame:
    """Rows of links between ranks: their names, distance in bits, and what the pair has in common."""
    left, right = links.left.to_numpy(), links.right.to_numpy()
    by_full = search.distance_bits(full[left], full[right])
    by_square = search.distance_bits(square[left], square[right])
    digest = pictures.digest.to_numpy()
    equal = (digest[left] == digest[right]) & (digest[left] != "")
    mirror = (links["transform"] == "mirror").to_numpy()
    by_mirror = search.distance_bits(full[left], mirrored(full[right]))
    return pd.DataFrame(
        {
            "sha256": pictures.sha256.to_numpy()[right],
            "url_id": pictures.url_id.to_numpy()[right],
            "survivor_sha256": pictures.sha256.to_numpy()[left],
            "distance": np.select([equal, mirror], [0, by_mirror], np.minimum(by_full, by_square)),
            "transform": np.select(
                [equal, links["transform"] != "", by_full <= by_square],
                ["pixels", links["transform"], "full"],
                "square",
            ),
            "decision": links.decision.to_numpy(),
            "conflict": links.conflict.to_numpy(),
        }
    )


def _extra_urls(candidates: pd.DataFrame, sha256: pd.Series, conflict: NDArray[np.bool_]) -> pd.DataFrame:
    """Give each further URL of the same bytes its row."""
    extra = candidates[candidates.duplicated("sha256")]
    contradicted = extra.sha256.isin(set(sha256[conflict])).to_numpy()
    return pd.DataFrame(
        {
            "sha256": extra.sha256.to_numpy(),
            "url_id": extra.url_id.to_numpy(),
            "survivor_sha256": extra.sha256.to_numpy(),
            "distance": 0,
            "transform": "bytes",
            "decision": np.where(contradicted, "review", "drop"),
            "conflict": contradicted,
        }
    )
