"""Take a picture, a URL or a whole host down: out of everything that we keep, and never fetched again."""

import re
from collections.abc import Collection, Iterable

from wreck_core import clock, dvcio, files
from wreck_core.dataset.forget import forget as forget_rows
from wreck_core.dedup.alike import look_alikes
from wreck_core.errors import UsageError
from wreck_core.inference import traces
from wreck_core.ingest import arrivals, blocklist, candidates, row_log
from wreck_core.ingest.blocklist import Tombstone
from wreck_core.ingest.ledger import Ledger
from wreck_core.ingest.urls import host_of, normalise, url_id
from wreck_core.labeling import export, rebuild
from wreck_core.labeling.forget import forget as forget_labels
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.report.forget import forget as forget_reports
from wreck_core.stages import backup, snapshot
from wreck_core.summary import Summary, count


def run(params: Params, layout: Layout, target: str, reason: str = "") -> Summary:
    """Remove what `target` names: a URL, the sha256 of a picture, or a host (itself, no subdomains).

    What stays is a row of hashes in data/takedown.csv, written first: a takedown that was killed is
    completed by the same command. Raises UsageError for anything else, BusyError during a scrape.
    """
    named = _named(target, reason)
    with files.locked(layout.locks, "scrape"), Ledger(layout.ledger) as ledger:
        for _ in arrivals.take_in(layout.arrivals, ledger):  # what a killed worker left is to be found, too
            continue
        pairs = _found(layout, ledger, named)
        sha256s = {sha256 for _, sha256 in pairs if sha256}
        alike = look_alikes(layout.duplicates, sha256s)
        graves = [Tombstone(sha, url, named.host, named.at, reason) for url, sha in sorted(pairs)]
        blocklist.add(layout.takedowns, [*graves, named])
        models = traces.models_that_saw(layout.models, sha256s)
        ledger.block(blocklist.blocklist([*graves, named]))
        ledger.scrub()
        rows = (
            ("pictures", traces.forget_pictures(layout.images, layout.exports, sha256s)),
            ("rows of tables", _forget_rows(layout, sha256s)),
            ("label events", _forget_labels(layout, sha256s)),
            ("features", traces.forget_features(layout.features, sha256s)),
            ("checkpoints", traces.forget_checkpoints(layout.checkpoints) if sha256s else 0),
            ("log lines", row_log.forget(layout.logs, {url for url, _ in pairs}, sha256s)),
            ("backups", backup.forget(layout)),
            ("reports", len(forget_reports(layout.reports, sha256s))),
            ("versioned objects", dvcio.forget(layout.root, sha256s)),
        )
        if ledger.lists():  # a fresh clone has the pictures and no ledger
            candidates.write(ledger, layout, params.scrape.placeholder_urls)
    snapshot.run(params, layout)
    urls = {url for url, _ in pairs}
    return Summary(
        headline=f"taken down: {count(len(sha256s), 'picture')} of {count(len(urls), 'URL')}",
        rows=rows,
        notes=tuple(_notes(models, alike)),
        data={"sha256": sorted(sha256s), "models": models, "look_alikes": alike},
    )


def _named(target: str, reason: str) -> Tombstone:
    at = clock.now()
    if re.fullmatch("[0-9a-fA-F]{64}", target):
        return Tombstone(sha256=target.lower(), at=at, reason=reason)
    if re.fullmatch("[0-9a-fA-F]{8,63}", target):
        raise UsageError("a part of a sha256 names no picture for good", where=target, fix="write all of it")
    if "://" in target:
        return Tombstone(url_id=url_id(normalise(target)), at=at, reason=reason)
    host = host_of(normalise(f"http://{target}/"))
    if not host or "/" in target:
        raise UsageError(
            f"{target!r} is no URL, sha256 or host", fix="write a URL with its http:// or https://"
        )
    return Tombstone(host=host, at=at, reason=reason)


def _found(layout: Layout, ledger: Ledger, named: Tombstone) -> set[tuple[str, str]]:
    """Give (url_id, sha256) of all that is meant, either empty: also other URLs of the same bytes."""
    known = {(row.url_id, row.sha256, row.host) for row in blocklist.read(layout.takedowns)}
    if layout.candidates.exists():
        table = files.read_table(layout.candidates, columns=["url_id", "sha256", "host", "final_url"])
        known |= set(table[["url_id", "sha256", "host"]].itertuples(index=False, name=None))
        given = table.assign(host=table.final_url.fillna("").map(host_of))  # where a redirect led
        known |= set(given[["url_id", "sha256", "host"]].itertuples(index=False, name=None))
    barred = blocklist.blocklist([named])
    found = {(named.url_id, named.sha256)} if named.sha256 else set()
    for _ in range(2):  # what is named, then whatever has the same bytes
        found |= {(url, sha or "") for url, sha in ledger.urls_of(barred)}
        found |= {
            (url, sha)
            for url, sha, host in known
            if url in barred.url_ids or sha in barred.sha256s or host in barred.hosts
        }
        barred = blocklist.blocklist(Tombstone(sha256=sha) for _, sha in found)
    return found - {("", "")}


def _forget_rows(layout: Layout, sha256s: Collection[str]) -> int:
    own, pair = ("sha256",), ("sha256", "survivor_sha256")
    tables = {layout.candidates: own, layout.duplicates: pair, layout.manifest: own, layout.folds: own}
    tables[layout.decisions] = ("sha256_a", "sha256_b")
    return sum(forget_rows(path, columns, sha256s) for path, columns in tables.items())


def _forget_labels(layout: Layout, sha256s: Collection[str]) -> int:
    if not any(path.exists() for path in (layout.label_db, layout.label_events)):
        return forget_rows(layout.labels, ("sha256",), sha256s)
    with rebuild.open_store(layout) as store:
        deleted = forget_labels(layout.label_db, sha256s)
        export.write(layout, store)
    return deleted


def _notes(models: list[str], alike: list[str]) -> Iterable[str]:
    yield "take the URL out of your lists; commit data/takedown.csv, which keeps it from coming back"
    if models:
        yield f"{', '.join(models)} saw it: train them again without it, with `dvc repro`"
    if alike:
        yield f"{count(len(alike), 'picture')} like it stay, such as {alike[0]}"
