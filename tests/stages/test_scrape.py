"""The scrape stage over a real server on loopback, killed and not."""

import hashlib
import os
import pickle
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wreck_core import files, images
from wreck_core.errors import BusyError, InputError, StorageError, UsageError
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import scrape, scrape_parts
from wreck_core.stages.scrape import ScrapeRequest

WEB = "http://web.example/"


def photo(seed: int) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return images.encode(images.resize(coarse, 96, 80), "jpg")


class Site:
    """Serves `/<seed>.jpg` as pictures and any other path as 404; may hold answers back."""

    def __init__(self) -> None:
        self.hits: Counter[str] = Counter()
        self.free_answers = 1_000_000
        self.first_held = threading.Event()
        self.gate = threading.Event()
        self._lock = threading.Lock()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, *words: object) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def mirror(self) -> tuple[str, str]:
        return (WEB, f"http://127.0.0.1:{self.server.server_port}/")

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.hits[request.path] += 1
            held = sum(self.hits.values()) > self.free_answers
        if held:
            self.first_held.set()
            self.gate.wait(60)
        name = request.path[1:].partition("?")[0].removesuffix(".jpg")
        body = photo(int(name)) if name.isdecimal() else b""
        try:
            request.send_response(200 if body else 404)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)
        except OSError:
            request.close_connection = True  # the client was killed


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.gate.set()
    site.server.shutdown()
    site.server.server_close()
    site.thread.join()


@pytest.fixture
def write_list(layout: Layout) -> Callable[..., Path]:
    def write(*lines: str, name: str = "list.csv") -> Path:
        path = layout.root / name
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


def contents(layout: Layout) -> pd.DataFrame:
    return pd.read_parquet(layout.candidates)


def test_a_list_becomes_pictures_candidates_and_counts_that_add_up(
    params: Params, layout: Layout, site: Site, write_list: Callable[..., Path]
) -> None:
    path = write_list(
        "url,label,source,license",
        f"{WEB}1.jpg,damaged,flickr,CC0",
        f"{WEB}2.jpg,,,",
        f"{WEB}2.jpg?again=1,undamaged,,",
        f"{WEB}missing,,,",
        f"{WEB}1.jpg#top,,,",
        "ftp://web.example/3.jpg,,,",
        "",
    )
    steps: list[tuple[int, int]] = []
    summary = scrape.run(
        params,
        layout,
        ScrapeRequest((path,), url_map=(site.mirror,)),
        lambda done, total, text: steps.append((done, total)),
    )
    assert summary.ok
    assert summary.rows == (("ok", 3), ("http_4xx", 1), ("bad_url", 1), ("total", 5))
    assert summary.data == files.read_json(layout.scrape_json)
    account = summary.data["lists"]["list.csv"]
    assert account["skipped"] == {"header": 1, "duplicate": 1, "blank": 1}
    assert account["lines"] == account["urls"] + sum(account["skipped"].values()) == 8
    assert summary.data["total"] == sum(summary.data["statuses"].values()) + summary.data["pending"]
    assert steps[-1] == (5, 5)

    frame = contents(layout)
    assert frame["line"].tolist() == [2, 3, 4]
    assert frame["list_label"].tolist()[::2] == ["damaged", "undamaged"]
    assert frame["list_label"].isna().tolist() == [False, True, False]
    assert frame["source"].tolist() == ["flickr", "web.example", "web.example"]
    assert frame["host"].tolist() == ["web.example"] * 3
    assert frame["url_id"].is_unique and frame["sha256"].nunique() == 2
    assert frame["final_url"].tolist() == frame["url"].tolist()
    assert [len(value) for value in frame["phash"]] == [32, 32, 32]
    for row in frame.itertuples():
        stored = layout.root / row.path
        assert stored == layout.image(row.sha256, "jpg")
        assert images.load(stored).shape == (row.height, row.width, 3)
        assert stored.stat().st_size == row.bytes


def test_the_same_again_fetches_nothing_and_writes_the_same_bytes(
    params: Params, layout: Layout, site: Site, write_list: Callable[..., Path]
) -> None:
    request = ScrapeRequest(
        (write_list(*(f"{WEB}{n}.jpg" for n in range(20)), f"{WEB}missing", name="list.txt"),),
        url_map=(site.mirror,),
    )
    scrape.run(params, layout, request)
    first = layout.candidates.read_bytes(), layout.scrape_json.read_bytes()
    hits = site.hits.total()
    scrape.run(params, layout, request)
    assert site.hits.total() == hits
    assert (layout.candidates.read_bytes(), layout.scrape_json.read_bytes()) == first


def test_retry_fetches_the_named_statuses_again_and_nothing_else(
    params: Params, layout: Layout, site: Site, write_list: Callable[..., Path]
) -> None:
    path = write_list(f"{WEB}1.jpg", f"{WEB}missing", "http://user@web.example/2.jpg", name="list.txt")
    scrape.run(params, layout, ScrapeRequest((path,)))  # no mirror: the name is not known
    dns = files.read_json(layout.scrape_json)["statuses"]
    assert dns == {"dns": 2, "bad_url": 1}
    again = ScrapeRequest((path,), retry=frozenset({"dns"}), url_map=(site.mirror,))
    assert scrape.run(params, layout, again).data["statuses"] == {"ok": 1, "http_4xx": 1, "bad_url": 1}
    scrape.run(params, layout, again)
    assert site.hits == {"/1.jpg": 1, "/missing": 1}


def test_nothing_fetched_at_all_is_not_ok(
    params: Params, layout: Layout, write_list: Callable[..., Path]
) -> None:
    summary = scrape.run(params, layout, ScrapeRequest((write_list("x:y", name="list.txt"),)))
    assert not summary.ok
    assert contents(layout).empty


def test_at_most_so_many_urls_and_the_rest_stay_pending(
    params: Params, layout: Layout, site: Site, write_list: Callable[..., Path]
) -> None:
    path = write_list(*(f"{WEB}{n}.jpg" for n in range(10)), name="list.txt")
    request = ScrapeRequest((path,), max_urls=4, url_map=(site.mirror,))
    assert [scrape.run(params, layout, request).data["pending"] for _ in range(3)] == [6, 2, 0]
    assert site.hits.total() == 10


def test_the_same_work_in_parts_gives_the_same_files(
    params: Params, layout: Layout, site: Site, write_list: Callable[..., Path]
) -> None:
    path = write_list(*(f"{WEB}{n}.jpg" for n in range(12)), f"{WEB}missing", name="list.txt")
    small = params.model_copy(update={"scrape": params.scrape.model_copy(update={"chunk_urls": 5})})
    request = ScrapeRequest((path,), url_map=(site.mirror,))
    sizes = []
    with scrape_parts.planned(small, layout, request, 4) as lanes:
        while chunk := lanes.take(0):
            sizes.append(len(chunk))
            rows = scrape_parts.fetch(small, layout, *pickle.loads(pickle.dumps((request, chunk))))  # noqa: S301 - ours
            scrape_parts.record(layout, request, chunk, pickle.loads(pickle.dumps(rows)))  # noqa: S301 - ours
            lanes.finish(chunk)
    assert sizes == [5, 5, 3]
    summary = scrape_parts.finish(small, layout)
    assert summary.data["statuses"] == {"ok": 12, "http_4xx": 1}
    with scrape_parts.planned(small, layout, request, 4) as lanes:
        assert lanes.take(0) == []
    assert list(layout.arrivals.iterdir()) == []
    assert len(contents(layout)) == 12


def test_robots_txt_is_asked_for_once_in_all_chunks_of_a_run_and_anew_in_the_next(
    params: Params, layout: Layout, site: Site, write_list: Callable[..., Path]
) -> None:
    port = site.server.server_port
    ways = {"chunk_urls": 5, "ports": [port], "allow_private": True}
    small = params.model_copy(update={"scrape": params.scrape.model_copy(update=ways)})
    path = write_list(*(f"http://127.0.0.1:{port}/{n}.jpg" for n in range(12)), name="list.txt")
    with scrape_parts.planned(small, layout, ScrapeRequest((path,)), 1) as lanes:
        with closing(scrape_parts.crew_of_its_own(small, layout, ScrapeRequest((path,)))) as apart:
            for crew in (apart, None, apart):
                chunk = lanes.take(0)
                rows = scrape_parts.fetch(small, layout, ScrapeRequest((path,)), chunk, {}, crew)
                assert {row.status for row in rows} == {"ok"}
                lanes.finish(chunk)
        assert lanes.take(0) == []
    assert site.hits["/robots.txt"] == 1
    scrape.run(small, layout, ScrapeRequest((path,), retry=frozenset({"ok"})))
    assert site.hits["/robots.txt"] == 1  # all were fetched this week
    fresh = small.scrape.model_copy(update={"refresh_days": 0.0})
    scrape.run(
        small.model_copy(update={"scrape": fresh}), layout, ScrapeRequest((path,), retry=frozenset({"ok"}))
    )
    assert site.hits["/robots.txt"] == 2


def test_a_chunk_that_a_lost_worker_had_begun_is_only_completed(
    params: Params, layout: Layout, site: Site, write_list: Callable[..., Path]
) -> None:
    path = write_list(*(f"{WEB}{n}.jpg" for n in range(6)), f"{WEB}missing", name="list.txt")
    request = ScrapeRequest((path,), url_map=(site.mirror,))
    with scrape_parts.planned(params, layout, request, 1) as lanes:
        chunk = lanes.take(0)
        rows = scrape_parts.fetch(params, layout, request, chunk)
        (left,) = layout.arrivals.iterdir()
        lines = left.read_text().splitlines(keepends=True)
        left.write_text("".join(lines[:4]) + lines[4][:50])  # the worker was killed while it wrote

        again = scrape_parts.fetch(params, layout, request, chunk)

        assert site.hits.total() == 7 + 3
        assert {row.url_id: row.picture for row in again} == {row.url_id: row.picture for row in rows}
        scrape_parts.record(layout, request, chunk, again)
    assert list(layout.arrivals.iterdir()) == []
    assert scrape_parts.finish(params, layout).data["statuses"] == {"ok": 6, "http_4xx": 1}


def test_rows_that_were_recorded_before_a_kill_are_not_taken_in_twice(
    params: Params, layout: Layout, site: Site, write_list: Callable[..., Path]
) -> None:
    path = write_list(*(f"{WEB}{n}.jpg" for n in range(3)), name="list.txt")
    request = ScrapeRequest((path,), url_map=(site.mirror,))
    with scrape_parts.planned(params, layout, request, 1) as lanes:
        chunk = lanes.take(0)
        rows = scrape_parts.fetch(params, layout, request, chunk)
        (left,) = layout.arrivals.iterdir()
        text = left.read_text()
        scrape_parts.record(layout, request, chunk, rows)
    left.write_text(text)  # as if the kill had come before it was removed
    again = scrape.run(params, layout, request)
    assert (again.data["statuses"], again.data["asked_again"]) == ({"ok": 3}, {})
    assert site.hits.total() == 3
    assert list(layout.arrivals.iterdir()) == []


def test_a_placeholder_is_no_candidate(
    params: Params, layout: Layout, site: Site, write_list: Callable[..., Path]
) -> None:
    assert params.scrape.placeholder_urls == 5
    urls = [f"{WEB}7.jpg?{n}" for n in range(5)]
    fewer = [f"{WEB}8.jpg?{n}" for n in range(4)]
    site_request = ScrapeRequest((write_list(*urls, *fewer, name="list.txt"),), url_map=(site.mirror,))
    summary = scrape.run(params, layout, site_request)
    assert summary.data["statuses"] == {"ok": 4, "placeholder": 5}
    assert contents(layout)["url"].tolist() == fewer


def test_secrets_stay_in_the_list(
    params: Params, layout: Layout, site: Site, write_list: Callable[..., Path]
) -> None:
    path = write_list(
        f"{WEB}1.jpg?sig=canary1",
        f"{WEB}missing?token=canary2",
        "http://u:canary3@web.example/",
        name="list.txt",
    )
    summary = scrape.run(params, layout, ScrapeRequest((path,), url_map=(site.mirror,)))
    assert "canary" not in str(summary)
    assert "canary" not in contents(layout).to_csv()
    for file in layout.root.rglob("*"):
        if file.is_file() and file != path:
            assert b"canary" not in file.read_bytes(), file


def test_a_store_that_cannot_be_written_stops_the_run_and_the_next_one_completes_it(
    params: Params, layout: Layout, site: Site, write_list: Callable[..., Path]
) -> None:
    request = ScrapeRequest(
        (write_list(f"{WEB}1.jpg", f"{WEB}missing", name="list.txt"),), url_map=(site.mirror,)
    )
    layout.images.parent.mkdir(exist_ok=True)
    layout.images.write_text("in the way")
    with pytest.raises(StorageError, match="images"):
        scrape.run(params, layout, request)
    layout.images.unlink()
    assert scrape.run(params, layout, request).data["statuses"] == {"ok": 1, "http_4xx": 1}


@pytest.mark.parametrize(
    ("name", "text", "error"), [("none.txt", None, InputError), ("list.csv", "a,b\n", InputError)]
)
def test_a_list_that_cannot_be_read_stops_before_any_fetch(
    params: Params, layout: Layout, name: str, text: str | None, error: type[Exception]
) -> None:
    if text is not None:
        (layout.root / name).write_text(text)
    with pytest.raises(error):
        scrape.run(params, layout, ScrapeRequest((layout.root / name,)))


def test_an_unknown_status_to_retry_is_a_usage_error_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="did you mean http_5xx"):
        ScrapeRequest((), retry=frozenset({"http_5x"}))


def test_two_at_once_are_refused(params: Params, layout: Layout, write_list: Callable[..., Path]) -> None:
    path = write_list(f"{WEB}1.jpg", name="list.txt")
    with files.locked(layout.locks, "scrape"), pytest.raises(BusyError, match="scrape"):
        scrape.run(params, layout, ScrapeRequest((path,)))


RUN = """
import signal
import sys
from pathlib import Path
from wreck_core import params
from wreck_core.layout import Layout
from wreck_core.stages import scrape, scrape_parts

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start without one
layout = Layout(Path(sys.argv[1]))
request = scrape.ScrapeRequest((layout.root / "list.txt",), url_map=((sys.argv[2], sys.argv[3]),))
scrape.run(params.load(layout.params), layout, request)
"""

RUN_IN_PROCESSES = (
    """
import os
from wreck_core.ingest import crew
os.cpu_count, crew.URLS_PER_PROCESS = lambda: 2, 1
"""
    + RUN
)

RUN_IN_PARTS = (
    RUN.replace("scrape.run(params.load(layout.params), layout, request)", "")
    + """
settings = params.load(layout.params)
with scrape_parts.planned(settings, layout, request, 1) as lanes:
    scrape_parts.fetch(settings, layout, request, lanes.take(0))
"""
)


@pytest.mark.parametrize(
    ("program", "how"),
    [
        (RUN, signal.SIGKILL),
        (RUN, signal.SIGINT),
        (RUN_IN_PROCESSES, signal.SIGKILL),
        (RUN_IN_PROCESSES, signal.SIGINT),
        (RUN_IN_PARTS, signal.SIGKILL),
    ],
)
def test_a_killed_scrape_goes_on_without_fetching_a_recorded_url_again(
    params: Params,
    layout: Layout,
    site: Site,
    write_list: Callable[..., Path],
    program: str,
    how: signal.Signals,
    record_property: Callable[[str, object], None],
) -> None:
    layout.params.write_text(
        layout.params.read_text().replace("threads: 32", "threads: 4").replace("per_host: 4", "per_host: 8")
    )
    path = write_list(*(f"{WEB}{n}.jpg" for n in range(40)), name="list.txt")
    site.free_answers = 20
    words = [sys.executable, "-c", program, str(layout.root), *site.mirror]
    with subprocess.Popen(words, stderr=subprocess.PIPE, start_new_session=True) as process:
        assert site.first_held.wait(60)
        os.killpg(process.pid, how)  # as a terminal's Ctrl-C does
        said = process.stderr.read() if process.stderr else b""  # until its last child has ended
    assert process.returncode == -how
    # Ctrl-C may come while another exception is handled, which is then told, too.
    ends = said.count(b"Traceback") - said.count(b"During handling of the above exception")
    assert ends == (1 if how == signal.SIGINT else 0), said.decode()
    site.free_answers = 1_000_000
    site.gate.set()

    summary = scrape.run(params, layout, ScrapeRequest((path,), url_map=(site.mirror,)))
    assert summary.data["statuses"] == {"ok": 40}
    # Per thread one URL, which was under way, or had ended and was not yet recorded.
    again = [place for place, hits in site.hits.items() if hits > 1]
    assert len(again) <= 4
    # The server may count a question of the killed process after its end, so when is not asked.
    assert site.hits.total() == 40 + len(again)
    assert not list(layout.images.rglob("*.tmp"))
    assert not list(layout.arrivals.glob("*"))
    assert {file.stem for file in layout.images.rglob("*.jpg")} == set(contents(layout)["sha256"])
    if how == signal.SIGKILL:
        ways = {RUN: "one process", RUN_IN_PROCESSES: "processes", RUN_IN_PARTS: "chunks"}
        told = f"{len(again)} of 40 URLs asked for again"
        record_property("R2", f"a scrape by 4 threads in {ways[program]}: {told}")


@pytest.mark.parametrize(
    ("program", "kills"),
    [
        (RUN, 5),
        pytest.param(RUN, 50, marks=pytest.mark.slow),
        pytest.param(RUN_IN_PROCESSES, 50, marks=pytest.mark.slow),
    ],
)
def test_kills_at_random_moments_lose_and_repeat_nothing_that_was_recorded(
    params: Params,
    layout: Layout,
    site: Site,
    write_list: Callable[..., Path],
    program: str,
    kills: int,
    record_property: Callable[[str, object], None],
) -> None:
    number = 20 * kills
    path = write_list(*(f"{WEB}{n}.jpg" for n in range(number)), name="list.txt")
    moments = random.Random(29)  # noqa: S311 - no secret
    recorded: dict[str, int] = {}
    for _ in range(kills):
        site.gate.clear()
        site.first_held.clear()
        site.free_answers = site.hits.total() + moments.randrange(1, 20)
        words = [sys.executable, "-c", program, str(layout.root), *site.mirror]
        with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
            assert site.first_held.wait(60)
            process.kill()
        site.free_answers = 1_000_000
        site.gate.set()
        with closing(sqlite3.connect(layout.ledger)) as ledger:
            for (url,) in ledger.execute("SELECT url FROM urls WHERE status IS NOT NULL"):
                place = "/" + url.removeprefix(WEB)
                recorded.setdefault(place, site.hits[place])
        for file in layout.images.rglob("*.jpg"):
            assert hashlib.sha256(file.read_bytes()).hexdigest() == file.stem
    assert recorded
    summary = scrape.run(params, layout, ScrapeRequest((path,), url_map=(site.mirror,)))
    assert summary.data["statuses"] == {"ok": number}
    assert {place: site.hits[place] for place in recorded} == recorded
    assert not list(layout.images.rglob("*.tmp"))
    undisturbed = {hashlib.sha256(photo(n)).hexdigest() for n in range(number)}
    assert {file.stem for file in layout.images.rglob("*.jpg")} == undisturbed
    if kills > 10:
        how = "threads" if program == RUN else "processes"
        told = f"{kills} kills of a scrape in {how} at random: {len(recorded):,} recorded, 0 fetched again"
        record_property("R1", told)
