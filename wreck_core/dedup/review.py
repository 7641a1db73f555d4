"""What a person should see: contradictions, pairs in doubt, clusters, and pairs set apart."""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from wreck_core import images
from wreck_core.dedup import explain
from wreck_core.dedup.decisions import Decision
from wreck_core.dedup.duplicates import Found
from wreck_core.errors import ImageRejectedError, StorageError

SHOWN_GROUPS = 200  # of each kind on one page; decisions make room for the next
THUMBNAIL_PX = 420
_QUALITY = 70

Group = dict[str, Any]


class Review:
    """The groups of one finding: a survivor and its members each, with what is known about them.

    `candidates` are those that were searched, `labels` the rows of labels.csv, `decided` what people
    said; pictures are read from below `root`.
    """

    def __init__(
        self,
        found: Found,
        candidates: pd.DataFrame,
        labels: pd.DataFrame,
        decided: Iterable[Decision],
        root: Path,
    ) -> None:
        self._rows, self._root = found.rows, root
        self._pictures = found.pictures.set_index("sha256", drop=False)
        self._home = dict(
            zip(found.pictures.sha256, found.pictures.sha256.to_numpy()[found.survivor], strict=True)
        )
        self._preference = explain.preference(found.pictures)
        dropped = found.rows[(found.rows.decision == "drop") & (found.rows["transform"] != "bytes")]
        self._dropped = set(dropped.sha256)
        self._labels = labels.set_index("sha256")[["label", "flags"]]
        self._listed = candidates.dropna(subset="list_label").groupby("sha256").list_label.agg(set)
        self._urls = candidates.groupby("sha256").size()
        self._said = {said.pair: said for said in decided}
        self._thumbnails: dict[str, str] = {}

    def sections(self) -> list[dict[str, Any]]:
        """Each kind that there is: its key, the first groups in order of doubt, and how many there are."""
        rows = self._rows[self._rows["transform"] != "bytes"]
        contested = self._rows[self._rows.conflict]
        doubt = rows[(rows.decision == "review") & ~rows.conflict]
        mirrored_last = doubt.assign(last=doubt["transform"] == "mirror")
        dropped = rows[rows.decision == "drop"].groupby("survivor_sha256")
        # The largest distance first: there a mistake is most likely.
        riskiest = dropped.distance.max().sort_values(ascending=False, kind="stable").index
        found: dict[str, list[tuple[Any, pd.Index]]] = {
            "conflicts": list(contested.groupby(contested.sha256.map(self._home)).groups.items()),
            "review": _pairs(mirrored_last.sort_values(["last", "distance", "sha256"])),
            "clusters": [(survivor, dropped.groups[survivor]) for survivor in riskiest],
            "apart": _pairs(rows[rows.decision == "keep"].sort_values("distance")),
        }
        return [
            {
                "key": key,
                "total": len(groups),
                "groups": [self._group(str(survivor), index) for survivor, index in groups[:SHOWN_GROUPS]],
            }
            for key, groups in found.items()
            if groups
        ]

    def _group(self, survivor: str, index: pd.Index) -> Group:
        rows = self._rows.loc[index]
        members = rows[rows["transform"] != "bytes"].sort_values(["distance", "sha256"])
        return {
            "survivor": self._picture(survivor),
            "members": [self._member(row) for row in members.itertuples(index=False)],
        }

    def _member(self, row: Any) -> dict[str, Any]:
        said = self._said.get((min(row.sha256, row.survivor_sha256), max(row.sha256, row.survivor_sha256)))
        return {
            **self._picture(row.sha256),
            "like": explain.likeness(row.transform, row.distance),
            "because": explain.because(self._preference[row.survivor_sha256], self._preference[row.sha256]),
            "decision": "conflict" if row.conflict else row.decision,
            "said": "" if said is None else "same" if said.same else "different",
            "said_by": "" if said is None else said.annotator,
        }

    def _picture(self, sha256: str) -> dict[str, Any]:
        row: Any = self._pictures.loc[sha256]
        listed = sorted(self._listed.get(sha256, ()))
        return {
            "sha256": sha256,
            "thumbnail": self._thumbnail(sha256, str(row.path)),
            "width": int(row.width),
            "height": int(row.height),
            "size_kb": round(int(row.bytes) / 1000),
            "label": str(self._labels.label.get(sha256, "")),
            "tied": "conflict" in str(self._labels["flags"].get(sha256, "")).split(),
            "listed": [str(label) for label in listed],
            "dropped": sha256 in self._dropped,
            "host": str(row.host),
            "url": str(row.url),
            "urls": int(self._urls[sha256]),
        }

    def _thumbnail(self, sha256: str, path: str) -> str:
        """Give a picture as a data URI; '' where its file cannot be read, and the page shows its name."""
        if sha256 not in self._thumbnails:
            try:
                small = images.fit_within(images.load(self._root / path), THUMBNAIL_PX)
                data = base64.b64encode(images.encode(small, "webp", quality=_QUALITY)).decode("ascii")
                self._thumbnails[sha256] = f"data:image/webp;base64,{data}"
            except (ImageRejectedError, StorageError):
                self._thumbnails[sha256] = ""
        return self._thumbnails[sha256]


def _pairs(rows: pd.DataFrame) -> list[tuple[str, pd.Index]]:
    """Make each row a group of its own."""
    return [(survivor, rows.index[at : at + 1]) for at, survivor in enumerate(rows.survivor_sha256)]
