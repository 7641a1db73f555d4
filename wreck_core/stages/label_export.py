"""The final labels in the formats of others: a table, JSON lines, Label Studio, folders of pictures."""

import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wreck_core import files
from wreck_core.errors import InputError, UsageError
from wreck_core.labeling import consensus, formats, rebuild
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages.labels import per_label
from wreck_core.summary import Summary, count

FOLDERS = "folders"
WRITERS = {
    "csv": formats.to_csv,
    "jsonl": formats.to_json_lines,
    "label-studio": formats.to_label_studio,
}


def run(params: Params, layout: Layout, to: str, out: Path) -> Summary:
    """Write the final labels to `out` as `csv`, `jsonl`, `label-studio` or `folders` (pictures by class).

    `wreck labels import` reads each of them again. Raises UsageError for another format, InputError
    when `out` would be overwritten by folders or nothing was scraped.
    """
    known = [*WRITERS, FOLDERS]
    if to not in known:
        raise UsageError(f"--to {to}: there is no such format", fix=f"take {', '.join(known)}")
    with rebuild.open_store(layout) as store:
        current = store.current_labels()
    final = consensus.final_labels(current)
    rows = _rows(layout, final, current)
    if to == FOLDERS:
        _copy(layout, rows, out)
    else:
        files.write_text(out, WRITERS[to](rows))
    return Summary(f"{count(len(rows), 'label')} written to {out}", rows=per_label(final))


def _rows(
    layout: Layout, final: Iterable[consensus.FinalLabel], current: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Join the labels with the first address and the file of each picture."""
    layout.require_pictures()
    table = files.read_table(layout.candidates, columns=["sha256", "url", "path"]).drop_duplicates("sha256")
    pictures = {row.sha256: row for row in table.itertuples()}
    said = defaultdict(list)
    for vote in current:
        said[vote["sha256"]].append(vote)
    rows = []
    for label in final:
        picture = pictures.get(label.sha256)
        url = str(picture.url) if picture and str(picture.url).startswith(("http://", "https://")) else ""
        rows.append(
            {name: getattr(label, name) for name in formats.COLUMNS if hasattr(label, name)}
            | {"url": url, "path": str(picture.path) if picture else ""}
            | {"seconds": _seconds(label, said[label.sha256])}
        )
    return rows


def _seconds(label: consensus.FinalLabel, votes: Iterable[Mapping[str, Any]]) -> float | None:
    """Give how long the first whom a label names looked at the picture; None when that was not measured."""
    named = f"{label.annotator}+"  # not to be split: a name may hold a plus itself
    ms = next((vote["shown_ms"] for vote in votes if named.startswith(f"{vote['annotator']}+")), None)
    return ms / 1000 if ms is not None else None


def _copy(layout: Layout, rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError("is not empty", where=str(out), fix="name a new folder")
    for row in rows:
        if row["path"]:
            source = layout.root / row["path"]
            (out / row["label"]).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, out / row["label"] / source.name)
