"""Where the pictures come from, how many were lost on the way, and whether the folds are clean."""

from collections import Counter
from typing import Any

import pandas as pd

from wreck_core.files import read_json
from wreck_core.layout import Layout
from wreck_core.params import Params

_SOURCES = 8  # the rest is summed


def build(params: Params, layout: Layout, manifest: pd.DataFrame) -> dict[str, Any]:
    """Count the funnel, the labels, the folds and the sources; `left_out` names the files that are absent."""
    scrape = read_json(layout.scrape_json) if layout.scrape_json.exists() else {}
    dedup = read_json(layout.dedup_json) if layout.dedup_json.exists() else {}
    optional = (layout.scrape_json, layout.candidates, layout.labels, layout.dedup_json)
    return {
        "funnel": _funnel(params, layout, scrape, manifest),
        "statuses": _sorted_counts(scrape.get("statuses", {})),
        "duplicates": {key: value for key, value in dedup.items() if isinstance(value, int)},
        "labels": _sorted_counts(Counter(manifest["label"])),
        "folds": _folds(manifest),
        "sources": _sources(manifest),
        "leaks": leaks(manifest),
        "left_out": [layout.relative(path) for path in optional if not path.exists()],
    }


def leaks(manifest: pd.DataFrame) -> int:
    """Count the clusters that lie in more than one fold; anything but 0 makes every score a lie."""
    places = manifest[["cluster", "split", "fold"]].drop_duplicates()
    return int((places["cluster"].value_counts() > 1).sum())


def _funnel(
    params: Params, layout: Layout, scrape: dict[str, Any], manifest: pd.DataFrame
) -> list[dict[str, Any]]:
    steps: list[tuple[str, int]] = []
    if "total" in scrape:
        steps.append(("lines in the lists", int(scrape["total"])))
    if layout.candidates.exists():
        sha256 = pd.read_parquet(layout.candidates, columns=["sha256"])["sha256"]
        steps += [("fetched and decoded", len(sha256)), ("different files", sha256.nunique())]
    if layout.labels.exists():
        labels = pd.read_csv(layout.labels, usecols=["label"], dtype=str)["label"]
        steps.append(("labelled", int(labels.isin(params.labels.classes).sum())))
    steps.append(("used", len(manifest)))
    return [{"step": step, "count": many} for step, many in steps]


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
