"""Where the pictures come from, how many were lost on the way, and whether the folds are clean."""

from collections import Counter
from typing import Any

import pandas as pd

from wreck_core.files import read_json
from wreck_core.layout import Layout

_SOURCES = 8  # the rest is summed

_FUNNEL = {
    "urls": "lines in the lists",
    "fetched": "fetched and decoded",
    "unique": "different pictures",
    "labelled": "with a label",
    "used": "used",
}
_LOOK_ALIKES = [
    "byte_duplicates",
    "pixel_duplicates",
    "near_duplicates",
    "clusters",
    "review_pairs",
    "conflicts",
]


def build(layout: Layout, manifest: pd.DataFrame) -> dict[str, Any]:
    """Count the funnel, the labels, the folds and the sources; `left_out` names the files that are absent."""
    scrape, dedup, dataset = (
        read_json(path) if path.exists() else {}
        for path in (layout.scrape_json, layout.dedup_json, layout.dataset_json)
    )
    funnel = dataset.get("funnel", {}) | {"used": len(manifest)}
    optional = (layout.scrape_json, layout.dedup_json, layout.dataset_json)
    return {
        "funnel": [{"step": text, "count": funnel[key]} for key, text in _FUNNEL.items() if key in funnel],
        "statuses": _sorted_counts(scrape.get("statuses", {})),
        "look_alikes": [(key.replace("_", " "), dedup[key]) for key in _LOOK_ALIKES if key in dedup],
        "labels": _sorted_counts(Counter(manifest["label"])),
        "not_trained": _sorted_counts(dataset.get("not_trained", {})),
        "folds": _folds(manifest),
        "sources": _sources(manifest),
        "leaks": leaks(manifest),
        "left_out": [layout.relative(path) for path in optional if not path.exists()],
    }


def leaks(manifest: pd.DataFrame) -> int:
    """Count the clusters that lie in more than one fold; anything but 0 makes every score a lie."""
    places = manifest[["cluster", "split", "fold"]].drop_duplicates()
    return int((places["cluster"].value_counts() > 1).sum())


def _folds(manifest: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for fold in sorted(manifest["fold"].unique(), key=lambda fold: (fold < 0, fold)):
        part = manifest[manifest["fold"] == fold]
        rows.append(
            {
                "fold": "locked test" if fold < 0 else f"fold {fold + 1}",
                "images": len(part),
                "clusters": part["cluster"].nunique(),
                "labels": dict(_sorted_counts(Counter(part["label"]))),
            }
        )
    return rows


def _sources(manifest: pd.DataFrame) -> list[tuple[str, int]]:
    counts = _sorted_counts(Counter(manifest["source"].fillna("unknown")))
    rest = sum(many for _, many in counts[_SOURCES:])
    return counts[:_SOURCES] + ([(f"{len(counts) - _SOURCES} others", rest)] if rest else [])


def _sorted_counts(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Sort by count, largest first, then by name."""
    return sorted(
        ((str(name), int(many)) for name, many in counts.items()), key=lambda pair: (-pair[1], pair[0])
    )
