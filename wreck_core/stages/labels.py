"""Labels in and out: a list's or folder's labels into the store, the store's verdicts into labels.csv."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from wreck_core import clock, files
from wreck_core.errors import InputError
from wreck_core.ingest import blocklist, candidates, folder, url_list
from wreck_core.ingest.download import PictureStore
from wreck_core.ingest.ledger import Ledger
from wreck_core.ingest.url_list import HARMLESS, Account
from wreck_core.ingest.urls import normalise, url_id
from wreck_core.labeling import consensus, export, formats, imports, rebuild
from wreck_core.labeling.formats import Said
from wreck_core.labeling.imports import Matched
from wreck_core.layout import Layout
from wreck_core.params import LIST_ANNOTATOR, Params
from wreck_core.summary import Summary, count


def import_labels(params: Params, layout: Layout, source: Path) -> Summary:
    """Take in the labels of a list, of Label Studio's JSON, or of a folder whose folders are named by class.

    The source becomes the annotator `list:<name>`. Pictures are matched by url or sha256; those of a
    folder that are new are stored. A row that cannot be used is counted with its line and left out.
    Two labels of one picture in one source are a contradiction: `unsure`, flagged `conflict`.
    Raises InputError when the source cannot be read or nothing was scraped.
    """
    if source.is_dir():
        found, name = _from_folder(params, layout, source), source.resolve().name
    else:
        layout.require_pictures()
        found, name = _from_file(params, layout, source), source.name.split(".")[0]
    with rebuild.open_store(layout) as store:
        added = store.import_labels(f"{LIST_ANNOTATOR}{name}", found.imports(), clock.now())
        final = export.write(layout, store)
    return Summary(
        headline=f"{added:,} labels are new; {len(final):,} pictures have one",
        rows=(*sorted(found.counts.items()), ("total", found.counts.total()), *per_label(final)),
        notes=tuple(found.notes()),
        ok=bool(found.said) or source.is_dir(),
        data={"added": added, "rows_of_list": dict(found.counts), "lines": dict(found.lines)},
    )


def export_labels(params: Params, layout: Layout) -> Summary:
    """Write labels.csv (the final label of each picture) and label_events.jsonl (the log)."""
    with rebuild.open_store(layout) as store:
        final = export.write(layout, store)
    return Summary(
        headline=f"{count(len(final), 'label')} written to {layout.relative(layout.labels)}",
        rows=per_label(final),
    )


def per_label(final: Sequence[consensus.FinalLabel]) -> tuple[tuple[str, int], ...]:
    """Count the labels by class."""
    return tuple(sorted(Counter(row.label for row in final).items()))


def _from_file(params: Params, layout: Layout, source: Path) -> Matched:
    account = Account()
    rows: Iterable[Said]
    if source.suffix.lower() == ".json":
        rows = formats.read_label_studio(source)
    else:
        table = url_list.rows(source, account, ("url", "sha256"))
        rows = (formats.from_row(line, row) for line, row in table)
    pictures = files.read_table(layout.candidates, columns=["url_id", "sha256"])
    by_url, known = dict(zip(pictures.url_id, pictures.sha256, strict=True)), set(pictures.sha256)

    def picture_of(said: Said) -> str:
        # What the URL holds today may not be what was labelled: the picture itself counts, if it is named.
        if said.sha256:
            return said.sha256 if said.sha256 in known else ""
        try:
            return str(by_url.get(url_id(normalise(said.url)), ""))
        except ValueError:  # text that is no URL at all
            return ""

    found = imports.match(rows, picture_of, params.labels.all)
    for reason in account.skipped.keys() - HARMLESS:
        for line in account.examples[reason]:
            found.count(reason, line, 0)
        found.counts[reason] += account.skipped[reason]
    return found


def _from_folder(params: Params, layout: Layout, source: Path) -> Matched:
    """Store what is new in a folder, and take the names of its folders as labels."""
    looked = folder.look(source, params.scrape)
    with files.locked(layout.locks, "scrape"), Ledger(layout.ledger) as ledger:
        barred = blocklist.blocklist(blocklist.read(layout.takedowns))
        known = set(files.read_table(layout.candidates).sha256) if layout.candidates.exists() else set()
        refused = folder.store(ledger, PictureStore(layout, barred), source, looked, known)
        if ledger.lists():
            candidates.write(ledger, layout, params.scrape.placeholder_urls)
    if not any(each.picture for each in looked):
        raise InputError("holds no pictures", where=str(source), fix="name a folder of pictures")
    rows = []
    for line, each in enumerate(looked, 1):
        sha256 = each.picture.sha256 if each.picture else ""
        fault = refused.get(sha256, "" if each.picture else each.status)
        rows.append(Said(line, sha256, label=imports.label_of(each.parts[:-1], params.labels), fault=fault))
    return imports.match(rows, lambda said: said.sha256, params.labels.all)
