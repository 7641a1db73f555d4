"""New pictures: fetch every list, find duplicates, queue for labelling, version, commit."""

import json
import subprocess
import sys
from contextlib import ExitStack, closing
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import as_completed

from flows import artifacts, publishing, runners
from flows.tasks import bring_up_to_date, log_folder, run_name
from wreck_core import files, params, repro
from wreck_core.errors import InputError, WreckError
from wreck_core.ingest.crew import Crew
from wreck_core.ingest.rows import Job, Row
from wreck_core.ingest.schedule import Standing
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import labels, scrape, scrape_parts, snapshot
from wreck_core.summary import Summary

LANES = 2  # chunks under way at once here, never two of one host

Given = tuple[list[Job], dict[str, Standing], Crew | None]
Fetched = tuple[list[Row], dict[str, Standing]]


@task(task_run_name="fetch {number}", cache_policy=NO_CACHE)
def fetch(
    root: Path, request: scrape.ScrapeRequest, number: int, given: runners.Sealed[Given]
) -> runners.Sealed[Fetched]:
    """Fetch one chunk of URLs into the store; its rows go back to the flow, which alone writes the ledger."""
    layout = Layout(root)
    chunk, standings, crew = given.value
    rows = scrape_parts.fetch(params.load(layout.params), layout, request, chunk, standings, crew)
    return runners.Sealed((rows, standings))


@flow(name="refresh", flow_run_name=run_name, task_runner=runners.at_once(LANES))
def refresh(
    workspace: str = ".",
    url_map: tuple[str, ...] = (),
    allow_private: bool = False,
    publish: bool = True,
    workers: int = 0,
) -> tuple[Summary, ...]:
    """Bring the dataset up to the lists under data/urls/; `url_map` entries are FROM=TO.

    Chunks are fetched by as many `workers` elsewhere (0: by processes of our own), as its task runner says:
    see `on`.
    Ends with one commit when `publish`. Raises InputError without a list, WreckError when nothing
    could be fetched.
    """
    layout = Layout(Path(workspace).resolve())
    settings = params.load(layout.params)
    lists = tuple(sorted(path for path in layout.url_lists.glob("*") if path.is_file()))
    if not lists:
        raise InputError("there is no URL list", where=str(layout.url_lists), fix="put one there")
    request = scrape.ScrapeRequest(
        lists=lists,
        url_map=tuple(scrape.parse_map(entry) for entry in url_map),
        allow_private=allow_private,
        retry=frozenset({"ok"}),
    )
    done = [_fetch_all(settings, layout, request, workers)]
    done += [labels.import_labels(settings, layout, path) for path in _labelled(layout, lists)]
    if layout.label_db.exists():  # what people said since, also to a window that was killed
        labels.export_labels(settings, layout)
    snapshot.run(settings, layout)
    logs = log_folder(layout, "refresh")
    bring_up_to_date(layout, "dedup", logs, settings.nightly.stage_timeout_s)
    done.append(_queue(layout, logs / "enqueue.log"))
    artifacts.publish_queue(done[-1])
    if publish:
        changed = publishing.changes(settings, layout)
        artifacts.publish_dataset(changed)
        lines = [*changed.lines(), *(summary.headline for summary in done)]
        publishing.commit(settings, layout, f"Refresh the dataset: {changed.title()}", lines)
        publishing.push(settings, layout)
    return tuple(done)


def _queue(layout: Layout, log: Path) -> Summary:
    """Queue in a process of its own: an order by a model loads TensorFlow, which is not for this one."""
    with log.open("wb") as handle:
        done = subprocess.run(
            [sys.executable, "-m", "wreck_core", "enqueue", "--json"],
            env=repro.stage_environment(layout.root),
            stdout=subprocess.PIPE,
            stderr=handle,
            check=False,
        )
    if done.returncode:
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise WreckError((said or ["nothing"])[-1].removeprefix("error: "), where="enqueue", fix=f"see {log}")
    told = json.loads(done.stdout)
    return Summary(told["headline"], tuple(told["rows"].items()), tuple(told["notes"]), told["ok"])


def on(dask: str | None) -> Any:
    """Give the refresh flow as it runs here, or on the workers of the Dask scheduler at `dask`.

    Raises UsageError or WreckError when the cluster cannot be used.
    """
    if not dask:
        return refresh
    workers = runners.workers(dask)
    return partial(refresh.with_options(task_runner=runners.on(dask, workers)), workers=workers)


def _fetch_all(settings: Params, layout: Layout, request: scrape.ScrapeRequest, workers: int) -> Summary:
    number, under_way, lanes = count(1), dict[Any, tuple[int, list[Job]]](), workers or LANES
    crews: dict[int, Crew] = {}
    with scrape_parts.planned(settings, layout, request, lanes) as plan, ExitStack() as open_crews:
        while True:
            for lane in set(range(lanes)) - {lane for lane, _ in under_way.values()}:
                if chunk := plan.take(lane):
                    if not workers and lane not in crews and len(chunk) == settings.scrape.chunk_urls:
                        crew = scrape_parts.crew_of_its_own(settings, layout, request)
                        crews[lane] = open_crews.enter_context(closing(crew))
                    given = runners.Sealed((chunk, plan.standings(chunk), crews.get(lane)))
                    future = fetch.submit(layout.root, request, next(number), given, return_state=False)
                    under_way[future] = lane, chunk
            if not under_way:
                break
            ended = next(as_completed(list(under_way)))
            _, chunk = under_way.pop(ended)
            runners.wait(ended)
            rows, standings = ended.result().value
            scrape_parts.record(layout, request, chunk, rows)
            plan.finish(chunk, standings)
    summary = scrape_parts.finish(settings, layout)
    if not summary.ok:
        raise WreckError(summary.headline, where=str(layout.url_lists), fix="see data/scrape.json")
    return summary


def _labelled(layout: Layout, lists: tuple[Path, ...]) -> list[Path]:
    """Give those of `lists` that carry labels."""
    candidates = files.read_table(layout.candidates, columns=["list", "list_label"])
    named = set(candidates.loc[candidates["list_label"].notna(), "list"])
    return [path for path in lists if layout.relative(path) in named]
