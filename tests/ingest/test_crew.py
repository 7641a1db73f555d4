"""Child processes that fetch: what threads of one process do, they do too, and no more."""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from wreck_core.errors import StorageError, WreckError
from wreck_core.ingest.crew import URLS_PER_PROCESS, Assignment, Crew, Processes, Threads, hire
from wreck_core.ingest.pool import fetch_all
from wreck_core.ingest.rows import Job, Row
from wreck_core.ingest.urls import host_of, normalise, url_id
from wreck_core.layout import Layout
from wreck_core.params import ScrapeParams

WEB = "http://web.example/"


def jobs(urls: list[str]) -> list[Job]:
    return [Job(url_id(normalise(url)), normalise(url), host_of(normalise(url))) for url in urls]


def fetched(crew: Crew, urls: list[str]) -> dict[str, Row]:
    with closing(crew):
        rows = {row.url_id: row for batch in fetch_all(iter(jobs(urls)), crew) for row in batch}
    return {url: rows[job.url_id] for url, job in zip(urls, jobs(urls), strict=True)}


def children() -> list[int]:
    return [child.pid for child in psutil.Process().children()]


@pytest.fixture
def web(serve: Any, make_photo: Any, make_answer: Any) -> Any:
    def behave(path: str, connection: Any) -> None:
        number = path.rpartition("/")[2].removesuffix(".jpg")
        known = number.isdecimal()
        connection.send(make_answer(make_photo(int(number)) if known else b"", code=200 if known else 404))

    return serve(behave)


def test_processes_end_every_url_as_threads_do(impatient: ScrapeParams, tmp_path: Path, web: Any) -> None:
    mirrors = ((WEB, f"http://127.0.0.1:{web.port}/"),)
    urls = [f"{WEB}{number}.jpg" for number in range(40)]
    urls += [
        f"{WEB}missing",
        "http://nowhere.invalid/1.jpg",
        "http://10.0.0.1/1.jpg",
        "http://u@web.example/",
    ]
    ends = []
    for name, crew in (("threads", Threads), ("processes", lambda work: Processes(work, 2))):
        layout = Layout(tmp_path / name)
        rows = fetched(crew(Assignment(impatient, layout, mirrors)), urls)
        stored = sorted(file.name for file in layout.images.rglob("*.*"))
        ends.append((stored, {url: (row.status, row.detail, row.picture) for url, row in rows.items()}))
    assert ends[0] == ends[1]
    assert [ends[1][1][url][0] for url in urls[-5:]] == [
        "ok",
        "http_4xx",
        "dns",
        "blocked_address",
        "bad_url",
    ]


def test_a_host_is_asked_for_robots_txt_once_and_never_crowded_by_all_processes_together(
    impatient: ScrapeParams, layout: Layout, serve: Any, make_photo: Any, make_answer: Any
) -> None:
    under_way, most, lock, crowd = 0, 0, threading.Lock(), threading.Event()

    def behave(path: str, connection: Any) -> None:
        nonlocal under_way, most
        if path == "/robots.txt":
            connection.send(make_answer(b"User-agent: *\nDisallow: /9"))
            return
        with lock:
            under_way += 1
            most = max(most, under_way)
            if under_way == 3:
                crowd.set()
        if path != "/0.jpg":  # which goes alone
            crowd.wait(5)
        with lock:
            under_way -= 1
        connection.send(make_answer(make_photo(1)))

    server = serve(behave)
    open_to_us = impatient.model_copy(
        update={"ports": [server.port], "allow_private": True, "per_host": 3, "deadline_s": 10.0}
        | {"read_timeout_s": 10.0}
    )
    urls = [f"http://127.0.0.1:{server.port}/{number}.jpg" for number in range(20)]
    rows = fetched(Processes(Assignment(open_to_us, layout), 2), urls)
    assert [rows[url].status for url in urls] == ["ok"] * 9 + ["robots_txt"] + ["ok"] * 10
    assert most == 3
    assert server.hits["/robots.txt"] == 1


def test_a_killed_process_ends_the_run_with_the_rows_that_came_before(
    impatient: ScrapeParams, layout: Layout, serve: Any, make_photo: Any, make_answer: Any
) -> None:
    before = set(children())

    def behave(path: str, connection: Any) -> None:
        if path == "/hold":
            for process in set(children()) - before:
                os.kill(process, signal.SIGKILL)
            connection.wait_for_the_end()
        connection.send(make_answer(make_photo(1)))

    mirrors = ((WEB, f"http://127.0.0.1:{serve(behave).port}/"),)
    patient = impatient.model_copy(update={"read_timeout_s": 30.0, "deadline_s": 30.0})
    crew = Processes(Assignment(patient, layout, mirrors), 2)
    with closing(crew), closing(fetch_all(iter(jobs([f"{WEB}1.jpg", f"{WEB}hold"])), crew)) as batches:
        assert [row.status for row in next(batches)] == ["ok"]
        with pytest.raises(WreckError, match="ended from outside"):
            list(batches)
    assert not set(children()) - before


def test_a_store_that_fails_in_a_process_stops_the_run_with_its_own_error(
    impatient: ScrapeParams, layout: Layout, web: Any
) -> None:
    layout.images.parent.mkdir(exist_ok=True)
    layout.images.write_text("in the way")
    crew = Processes(Assignment(impatient, layout, ((WEB, f"http://127.0.0.1:{web.port}/"),)), 2)
    with pytest.raises(StorageError, match="images"):
        fetched(crew, [f"{WEB}1.jpg"])


@pytest.mark.parametrize(("urls", "kind"), [(URLS_PER_PROCESS, Threads), (10**6, Processes)])
def test_a_long_list_is_fetched_by_processes(
    impatient: ScrapeParams,
    layout: Layout,
    monkeypatch: pytest.MonkeyPatch,
    urls: int,
    kind: Callable[..., Crew],
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with closing(hire(Assignment(impatient, layout), urls)) as crew:
        assert type(crew) is kind
