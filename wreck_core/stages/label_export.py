"""The final labels in the formats of others: a table, JSON lines, Label Studio, folders of pictures."""

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
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
WRITERS = {"csv", "jsonl", "label-studio", FOLDERS}


def run(params: Params, layout: Layout, to: str, out: Path) -> Summary:
    """Write the final labels to `out` as `csv`, `jsonl`, `label-studio` or `folders` (pictures by class).

    `wreck labels import` reads each of them again. Raises UsageError for another format, InputError
    when `out` would be overwritten by folders or nothing was scraped.
    """
    if to not in WRITERS:
        raise UsageError(f"--to {to}: there is no such format", fix=f"take {', '.join(sorted(WRITERS))}")
    with rebuild.open_store(layout) as store:
        current = store.current_labels()
    final = consensus.final_labels(current)
    rows = _rows(layout, final, {(vote["sha256"], vote["annotator"]): vote["shown_ms"] for vote in current})
    if to == FOLDERS:
        _copy(layout, rows, out)
    else:
        text = {"csv": _table, "jsonl": formats.write_table, "label-studio": formats.to_label_studio}[to](
            rows
        )
        files.write_text(out, text)
    return Summary(f"{count(len(rows), 'label')} written to {out}", rows=per_label(final))


def _rows(
    layout: Layout, final: Sequence[consensus.FinalLabel], shown_ms: Mapping[tuple[str, str], int | None]
) -> list[dict[str, Any]]:
    """Join the labels with the first address and the file of each picture."""
    layout.require_pictures()
    table = files.read_table(layout.candidates, columns=["sha256", "url", "path"]).drop_duplicates("sha256")
    pictures = {row.sha256: row for row in table.itertuples()}
    rows = []
    for label in final:
        picture = pictures.get(label.sha256)
        url = str(picture.url) if picture and str(picture.url).startswith(("http://", "https://")) else ""
        ms = shown_ms.get((label.sha256, label.annotator.split("+")[0]))
        rows.append(
            {name: getattr(label, name) for name in formats.COLUMNS if hasattr(label, name)}
            | {"url": url, "path": str(picture.path) if picture else ""}
            | {"seconds": ms / 1000 if ms is not None else None}
        )
    return rows


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, formats.COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        # A name that a spreadsheet would take for a formula.
        name = row["annotator"]
        writer.writerow({**row, "annotator": f"'{name}" if name.startswith(("=", "+", "-", "@")) else name})
    return text.getvalue()


def _copy(layout: Layout, rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError("is not empty", where=str(out), fix="name a new folder")
    for row in rows:
        if row["path"]:
            source = layout.root / row["path"]
            (out / row["label"]).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, out / row["label"] / source.name)
