"""Asking again: what changed, what failed meanwhile, and what a person can read about it."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pages import Pages, pages, photo

from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import scrape
from wreck_core.stages.scrape import ScrapeRequest

ORIGIN = "http://web.example/"
AGAIN = frozenset({"ok"})


@pytest.fixture
def web() -> Iterator[Pages]:
    with pages() as web:
        web.bodies = {f"/{n}.jpg": photo(n) for n in range(3)}
        yield web


@pytest.fixture
def scrape_list(layout: Layout, params: Params, web: Pages) -> Callable[..., Any]:
    """Scrape these paths; every answer counts as old."""
    eager = params.model_copy(update={"scrape": params.scrape.model_copy(update={"refresh_days": 0.0})})

    def run(*paths: str, retry: frozenset[str] = frozenset(), settings: Params = eager) -> dict[str, Any]:
        path = layout.root / "list.txt"
        path.write_text("".join(f"{ORIGIN}{name}\n" for name in paths))
        request = ScrapeRequest((path,), retry=retry, url_map=(web.mirror(ORIGIN),))
        return scrape.run(settings, layout, request).data

    return run


def test_what_has_not_changed_is_asked_for_but_not_sent(
    layout: Layout, web: Pages, scrape_list: Callable[..., Any]
) -> None:
    paths = ("0.jpg", "1.jpg", "missing")
    assert scrape_list(*paths)["asked_again"] == {}
    first = layout.candidates.read_bytes()
    assert web.codes() == [200, 200, 404]

    told = scrape_list(*paths, retry=AGAIN)
    assert web.codes() == [304, 304]
    assert told["statuses"] == {"ok": 2, "http_4xx": 1}
    assert told["asked_again"] == {"not_modified": 2}
    assert layout.candidates.read_bytes() == first


def test_a_host_without_etags_sends_the_same_bytes_and_they_count_as_not_modified(
    layout: Layout, web: Pages, scrape_list: Callable[..., Any]
) -> None:
    web.etags = False
    scrape_list("0.jpg")
    first = layout.candidates.read_bytes()
    assert scrape_list("0.jpg", retry=AGAIN)["asked_again"] == {"not_modified": 1}
    assert web.codes() == [200, 200]
    assert layout.candidates.read_bytes() == first


def test_a_failed_refetch_takes_no_picture_away_and_is_counted(
    layout: Layout, web: Pages, scrape_list: Callable[..., Any]
) -> None:
    scrape_list("0.jpg", "1.jpg")
    first = layout.candidates.read_bytes()
    del web.bodies["/0.jpg"]
    told = scrape_list("0.jpg", "1.jpg", retry=AGAIN)
    assert told["statuses"] == {"ok": 2}
    assert told["asked_again"] == {"http_4xx": 1, "not_modified": 1}
    assert layout.candidates.read_bytes() == first


def test_another_picture_joins_the_first_and_a_placeholder_replaces_none(
    layout: Layout, params: Params, web: Pages, scrape_list: Callable[..., Any]
) -> None:
    paths = [f"{n}.jpg" for n in range(params.scrape.placeholder_urls)]
    web.bodies = {f"/{name}": photo(n) for n, name in enumerate(paths)}
    scrape_list(*paths)
    web.bodies["/0.jpg"] = photo(90)
    told = scrape_list(*paths, retry=AGAIN)
    assert told["asked_again"] == {"not_modified": 4, "ok": 1}
    frame = pd.read_parquet(layout.candidates)
    assert frame["url"].tolist().count(f"{ORIGIN}0.jpg") == 2
    assert all((layout.root / path).exists() for path in frame["path"])

    web.bodies = {f"/{name}": photo(99) for name in paths}
    told = scrape_list(*paths, retry=AGAIN)
    assert told["statuses"] == {"placeholder": 5}
    assert [shared["urls"] for shared in told["placeholders"]] == [5]
    again = pd.read_parquet(layout.candidates)
    assert sorted(again["sha256"]) == sorted(frame["sha256"])


def test_a_picture_whose_file_is_gone_is_fetched_whole(
    layout: Layout, web: Pages, scrape_list: Callable[..., Any]
) -> None:
    scrape_list("0.jpg")
    (path,) = layout.images.rglob("*.jpg")
    path.unlink()
    scrape_list("0.jpg", retry=AGAIN)
    assert web.codes() == [200, 200]
    assert path.exists()


def test_a_recent_answer_is_not_asked_for_again(
    params: Params, web: Pages, scrape_list: Callable[..., Any]
) -> None:
    scrape_list("0.jpg", settings=params)
    scrape_list("0.jpg", retry=AGAIN, settings=params)
    assert web.codes() == [200]


def test_every_url_that_ended_leaves_a_line_without_secrets(
    layout: Layout, scrape_list: Callable[..., Any]
) -> None:
    scrape_list("0.jpg?token=canary", "missing", "../[/bold]")
    (log,) = layout.logs.glob("scrape-*.jsonl")
    lines = {line["url"]: line for line in map(json.loads, log.read_text().splitlines())}
    assert len(lines) == 3
    good, bad = lines[f"{ORIGIN}0.jpg?token=REDACTED"], lines[f"{ORIGIN}missing"]
    assert (good["status"], good["http_code"], good["attempts"]) == ("ok", 200, 1)
    assert good["bytes"] == len(photo(0))
    assert good["host"] == bad["host"] == "web.example"
    assert (bad["status"], bad["reason"], bad["bytes"]) == ("http_4xx", "answered 404", None)
    assert all(line["ms"] >= 0 for line in lines.values())


def test_failures_are_explained_by_host_and_reason(
    layout: Layout, params: Params, web: Pages, tmp_path: Path
) -> None:
    path = layout.root / "list.txt"
    path.write_text(f"{ORIGIN}0.jpg\n{ORIGIN}a\n{ORIGIN}b\nhttp://user@other.example/\n")
    summary = scrape.run(params, layout, ScrapeRequest((path,), url_map=(web.mirror(ORIGIN),)))
    assert "web.example: 2 URLs http_4xx answered 404, such as list.txt:2" in summary.notes
    assert [(host["host"], host["urls"]) for host in summary.data["hosts"]] == [
        ("web.example", 3),
        ("other.example", 1),
    ]
    assert summary.data["hosts"][0]["p99_ms"] >= summary.data["hosts"][0]["p50_ms"]


def test_hashes_of_an_older_version_are_made_again_once_and_kept(
    layout: Layout, web: Pages, scrape_list: Callable[..., Any]
) -> None:
    scrape_list("0.jpg")
    web.bodies["/0.jpg"] = photo(5)  # the first picture is now the earlier one
    scrape_list("0.jpg", "1.jpg", "2.jpg", retry=AGAIN)
    today = pd.read_parquet(layout.candidates)
    assert len(today) == 4
    with closing(sqlite3.connect(layout.ledger)) as ledger, ledger:
        old = "SET hash_version = 1, phash = zeroblob(32) WHERE phash NOT NULL"
        ledger.executescript(f"UPDATE urls {old}; UPDATE earlier {old};")
    (layout.root / today.path[3]).unlink()
    scrape_list("0.jpg", "1.jpg", "2.jpg")
    again = pd.read_parquet(layout.candidates)
    pd.testing.assert_frame_equal(again[:3], today[:3])
    assert (again.hash_version[3], again.phash[3]) == (1, bytes(32))  # not on this disk: nothing is made up

    # Kept: no picture is needed any more.
    for path in today.path[:3]:
        (layout.root / path).unlink()
    scrape_list("0.jpg", "1.jpg", "2.jpg")
    pd.testing.assert_frame_equal(pd.read_parquet(layout.candidates), again)
