"""Labels in and out: a list's labels into the store, the store's verdicts into labels.csv."""

from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd

from wreck_core.errors import InputError
from wreck_core.ingest import url_list
from wreck_core.ingest.url_list import Account
from wreck_core.ingest.urls import normalise, url_id
from wreck_core.labeling import consensus, export, rebuild
from wreck_core.labeling.log import now
from wreck_core.labeling.records import Import
from wreck_core.layout import Layout
from wreck_core.params import CONFLICT, Params
from wreck_core.summary import Summary


def import_labels(params: Params, layout: Layout, source: Path) -> Summary:
    """Take in the labels of a list, matched by url or sha256; the list becomes the annotator `list:<name>`.

    A label that is unknown, or whose picture is not in the store, is counted and left out. Two
    labels of one picture in one list are a contradiction: `unsure`, flagged `conflict`.
    Raises InputError when the list cannot be read or nothing was scraped.
    """
    if source.is_dir():
        raise InputError(
            "is a folder", where=str(source), fix="give a list with url or sha256, and label columns"
        )
    layout.require_pictures()
    said: dict[str, set[str]] = defaultdict(set)
    counts: Counter[str] = Counter()
    for sha256, label in _matched(source, layout):
        verdict = "unlabelled" if not label else "unknown label" if label not in params.labels.all else ""
        verdict = verdict or ("matched" if sha256 else "no such picture")
        counts[verdict] += 1
        if verdict == "matched" and label:
            said[sha256].add(label)
    with rebuild.open_store(layout) as store:
        labels = [_as_import(sha256, labels) for sha256, labels in sorted(said.items())]
        added = store.import_labels(f"{consensus.LIST_ANNOTATOR}{source.name.split('.')[0]}", labels, now())
        final = export.write(layout, store)
    notes = [
        f"{count:,} rows: {verdict}"
        for verdict, count in sorted(counts.items())
        if verdict not in ("matched", "unlabelled")
    ]
    return Summary(
        headline=f"{added:,} labels are new; {len(final):,} pictures have one",
        rows=(*sorted(counts.items()), ("total", counts.total()), *_per_label(final)),
        notes=tuple(notes),
        ok=bool(said),
        data={"added": added, "rows_of_list": dict(counts)},
    )


def export_labels(params: Params, layout: Layout) -> Summary:
    """Write labels.csv (the final label of each picture) and label_events.jsonl (the log)."""
    with rebuild.open_store(layout) as store:
        final = export.write(layout, store)
    return Summary(
        headline=f"{len(final):,} labels written to {layout.relative(layout.labels)}", rows=_per_label(final)
    )


def _per_label(final: list[consensus.FinalLabel]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(row.label for row in final).items()))


def _as_import(sha256: str, labels: set[str]) -> Import:
    if len(labels) == 1:
        return Import(sha256, next(iter(labels)))
    return Import(sha256, consensus.UNDECIDED, CONFLICT, " or ".join(sorted(labels)))


def _matched(source: Path, layout: Layout) -> list[tuple[str, str | None]]:
    """Pair each row's picture ('' when we have none) with its label."""
    pictures = pd.read_parquet(layout.candidates, columns=["url_id", "sha256"])
    by_url, known = dict(zip(pictures.url_id, pictures.sha256, strict=True)), set(pictures.sha256)
    if _is_sha256_table(source):
        table = pd.read_csv(source, dtype=str, keep_default_na=False, encoding_errors="replace")
        said = zip(table.sha256.str.strip().str.lower(), table.label.str.strip(), strict=True)
        return [(sha if sha in known else "", label) for sha, label in said]
    rows = []
    for listed in url_list.read(source, Account()):
        fetched = by_url.get(_identity(listed.url), "")
        # What the URL holds today may not be what was labelled; then only the picture itself counts.
        changed = listed.sha256 not in (None, fetched)
        by_hash = listed.sha256 if listed.sha256 in known else ""
        rows.append((by_hash or "" if changed else fetched, listed.label))
    return rows


def _identity(url: str) -> str:
    try:
        return url_id(normalise(url))
    except ValueError:
        return ""


def _is_sha256_table(source: Path) -> bool:
    """Whether this is a CSV with sha256 and label columns and no url, such as a labels.csv."""
    if source.suffix != ".csv":
        return False
    try:
        columns = set(pd.read_csv(source, nrows=0).columns)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError):
        return False  # the reader of lists says what is wrong
    return {"sha256", "label"} <= columns and "url" not in columns
