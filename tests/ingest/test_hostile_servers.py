"""Each way in which a server can misbehave ends with a status of its own, in time and in flat memory."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import psutil
import pytest
from bad_web import EXPECTED, WEB, RawServer, jpeg_claiming
from bad_web import bad_web as start_bad_web

from wreck_core import __version__
from wreck_core.params import ScrapeParams


@pytest.fixture
def bad_web() -> Iterator[RawServer]:
    """A server that misbehaves as the path says."""
    server = start_bad_web()
    yield server
    server.close()


def test_every_fault_ends_by_its_deadline_with_its_own_status_in_flat_memory(
    bad_web: Any, fetch: Any, impatient: ScrapeParams, record_property: Any
) -> None:
    before_bytes = psutil.Process().memory_info().rss
    mirrors = ((WEB, f"http://127.0.0.1:{bad_web.port}/"),)
    rows = fetch([WEB + name for name in EXPECTED], impatient, mirrors)
    assert {url.removeprefix(WEB): row.status for url, row in rows.items()} == EXPECTED
    late = {url: row.ms for url, row in rows.items() if row.ms > (impatient.deadline_s + 0.5) * 1000}
    assert not late
    grown_mb = (psutil.Process().memory_info().rss - before_bytes) / 1e6
    assert grown_mb < 100
    after_s = max(row.ms for row in rows.values()) / 1000 - impatient.deadline_s
    told = f"{len(EXPECTED)} faults at once: the last ended {after_s:+.2f} s from its deadline"
    record_property("R5", f"{told}, memory grew by {max(grown_mb, 0):.0f} MB")


def test_a_fault_is_tried_again_only_when_it_may_pass(
    bad_web: Any, fetch: Any, impatient: ScrapeParams
) -> None:
    patient = impatient.model_copy(update={"retries": 2, "deadline_s": 20.0})
    mirrors = ((WEB, f"http://127.0.0.1:{bad_web.port}/"),)
    names = ["down", "short", "reset", "silent", "gone", "html", "cut", "loop", "gzip"]
    rows = fetch([WEB + name for name in names], patient, mirrors)
    attempts = {url.removeprefix(WEB): row.attempts for url, row in rows.items()}
    assert attempts == {name: 3 if name in ("down", "short", "reset", "silent") else 1 for name in names}
    assert [bad_web.hits[f"/{name}"] for name in ("down", "short", "gone")] == [3, 3, 1]


def test_a_redirect_is_followed_without_reading_its_body(
    serve: Any, fetch: Any, impatient: ScrapeParams, make_photo: Any, make_answer: Any
) -> None:
    sent: list[int] = []

    def behave(path: str, connection: Any) -> None:
        if path == "/good":
            connection.send(make_answer(make_photo(1)))
            return
        try:
            connection.send(b"HTTP/1.1 302 Found\r\nLocation: /good\r\nContent-Length: 9999999999\r\n\r\n")
            connection.flood(bytes(65536))
        finally:
            sent.append(connection.sent_bytes)

    mirrors = ((WEB, f"http://127.0.0.1:{serve(behave).port}/"),)
    rows = fetch([WEB + "heavy"], impatient, mirrors)
    assert rows[WEB + "heavy"].status == "ok"
    assert rows[WEB + "heavy"].final_url == WEB + "good"
    # What the kernel buffers on both ends, and no more.
    assert all(size < 32_000_000 for size in sent)


def test_a_request_says_who_asks_and_wants_no_compression_no_cookies_and_no_password_of_the_user(
    serve: Any,
    fetch: Any,
    impatient: ScrapeParams,
    make_photo: Any,
    make_answer: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login user password canary\n")
    monkeypatch.setenv("NETRC", str(netrc))
    heads: list[bytes] = []

    def behave(path: str, connection: Any) -> None:
        heads.append(connection.head)
        connection.send(make_answer(make_photo(1), "Set-Cookie: canary=1; Path=/"))

    scrape = impatient.model_copy(update={"contact": "mailto:me@web.example", "threads": 1})
    mirrors = ((WEB, f"http://127.0.0.1:{serve(behave).port}/"),)
    fetch([f"{WEB}{number}" for number in range(3)], scrape, mirrors)
    assert len(heads) == 3
    for head in heads:
        assert b"Accept-Encoding: identity\r\n" in head
        assert f"User-Agent: wreck-detect/{__version__} (+mailto:me@web.example)\r\n".encode() in head
        assert b"canary" not in head
        assert b"Authorization" not in head


def test_a_dripped_tls_handshake_ends_by_the_deadline(fetch: Any, impatient: ScrapeParams) -> None:
    stopped = threading.Event()

    def drip(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock, contextlib.suppress(OSError):
            sock.sendall(b"\x16\x03\x03\x40\x00\x02")  # a handshake record of 16 kB
            while not stopped.wait(0.02):
                sock.sendall(b"\0")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,), daemon=True)
        thread.start()
        mirrors = ((WEB, f"https://127.0.0.1:{listener.getsockname()[1]}/"),)
        # Time-outs that the drip would outlive: only the watchdog ends this one.
        lenient = impatient.model_copy(update={"connect_timeout_s": 60.0, "read_timeout_s": 60.0})
        row = fetch([WEB + "x"], lenient, mirrors)[WEB + "x"]
        stopped.set()
        thread.join()
    assert row.status == "deadline"


def test_the_jpeg_bomb_is_as_small_as_bombs_come() -> None:
    assert len(jpeg_claiming(25_500, 25_500)) == 103


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_a_url_is_asked_for_again_no_sooner_than_its_host_says(
    serve: Any,
    fetch: Any,
    impatient: ScrapeParams,
    make_photo: Any,
    make_answer: Any,
    code: int,
    as_date: bool,
) -> None:
    asked_at: list[float] = []
    due_at = 0.0

    def behave(path: str, connection: Any) -> None:
        nonlocal due_at
        asked_at.append(time.time())
        if len(asked_at) == 2:
            connection.send(make_answer(make_photo(1)))
            return
        due_at = int(asked_at[0]) + 2 if as_date else asked_at[0] + 1
        wait = formatdate(due_at, usegmt=True) if as_date else "1"
        connection.send(make_answer(b"", f"Retry-After: {wait}", code=code))

    patient = impatient.model_copy(update={"retries": 1, "deadline_s": 20.0})
    row = fetch([WEB + "x"], patient, ((WEB, f"http://127.0.0.1:{serve(behave).port}/"),))[WEB + "x"]
    assert (row.status, row.attempts) == ("ok", 2)
    assert asked_at[1] > due_at - 0.01  # the clock may be set back a little


@pytest.mark.parametrize(
    "wait", ["soon", "-5", "", "1e9", "Fri, 99 Foo 2026", "Thu, 01 Jan 1970 00:00:00 GMT"]
)
def test_a_pause_that_makes_no_sense_is_none(
    serve: Any, fetch: Any, impatient: ScrapeParams, make_answer: Any, wait: str
) -> None:
    server = serve(lambda path, link: link.send(make_answer(b"", f"Retry-After: {wait}", code=503)))
    row = fetch([WEB + "x"], impatient, ((WEB, f"http://127.0.0.1:{server.port}/"),))[WEB + "x"]
    assert (row.status, row.retry_after_s) == ("http_5xx", 0.0)


def test_a_host_that_refuses_is_left_alone_and_the_rest_of_its_urls_say_so(
    serve: Any, fetch: Any, impatient: ScrapeParams, make_answer: Any
) -> None:
    server = serve(lambda path, connection: connection.send(make_answer(b"", code=403)))
    one_by_one = impatient.model_copy(update={"threads": 1, "per_host": 1, "breaker": 3})
    mirrors = ((WEB, f"http://127.0.0.1:{server.port}/"),)
    rows = fetch([f"{WEB}{number}" for number in range(8)], one_by_one, mirrors)
    assert [row.status for row in rows.values()] == ["http_4xx"] * 3 + ["host_skipped"] * 5
    assert server.hits.total() == 3


def test_a_host_that_asks_for_too_long_a_pause_is_given_up_though_the_deadline_allows_for_it(
    serve: Any, fetch: Any, impatient: ScrapeParams, make_answer: Any
) -> None:
    server = serve(lambda path, link: link.send(make_answer(b"", "Retry-After: 90", code=429)))
    patient = impatient.model_copy(update={"retries": 1, "deadline_s": 300.0, "threads": 1, "per_host": 1})
    mirrors = ((WEB, f"http://127.0.0.1:{server.port}/"),)
    rows = fetch([f"{WEB}{number}" for number in range(4)], patient, mirrors)
    assert [row.status for row in rows.values()] == ["http_4xx"] + ["host_skipped"] * 3
    assert server.hits.total() == 1


def test_the_other_urls_of_a_host_rest_as_well_while_one_waits_to_be_tried_again(
    serve: Any, fetch: Any, impatient: ScrapeParams, make_photo: Any, make_answer: Any
) -> None:
    asked_at: list[float] = []
    refused_at: list[float] = []

    def behave(path: str, connection: Any) -> None:
        asked_at.append(time.monotonic())
        if len(asked_at) == 2:
            refused_at.append(asked_at[-1])
            connection.send(make_answer(b"", "Retry-After: 1", code=503))
        else:
            connection.send(make_answer(make_photo(1)))

    patient = impatient.model_copy(update={"retries": 1, "deadline_s": 20.0, "threads": 2, "per_host": 2})
    mirrors = ((WEB, f"http://127.0.0.1:{serve(behave).port}/"),)
    rows = fetch([f"{WEB}{number}" for number in range(8)], patient, mirrors)
    assert {row.status for row in rows.values()} == {"ok"}
    # One more may have been under way when the host asked for the rest, and one already handed out.
    assert sum(refused_at[0] < at < refused_at[0] + 1 for at in asked_at) <= 2


def test_a_host_that_says_not_modified_without_having_been_asked_gave_nothing(
    serve: Any, fetch: Any, impatient: ScrapeParams
) -> None:
    server = serve(lambda path, link: link.send(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"))
    row = fetch([WEB + "x"], impatient, ((WEB, f"http://127.0.0.1:{server.port}/"),))[WEB + "x"]
    assert (row.status, row.http_code, row.detail) == ("http_4xx", 304, "answered 304")


def test_a_host_where_nobody_listens_has_refused_and_one_that_is_full_was_not_reached_in_time(
    fetch: Any, impatient: ScrapeParams
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as callers:
        port = listener.getsockname()[1]
        for _ in range(2):  # as many as wait to be accepted: the next one gets no answer at all
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.1", port))
        mirrors = ((WEB, f"http://127.0.0.1:{port}/"),)
        hurried = impatient.model_copy(update={"connect_timeout_s": 0.3})
        assert fetch([WEB + "x"], hurried, mirrors)[WEB + "x"].status == "connect_timeout"
    assert fetch([WEB + "x"], impatient, mirrors)[WEB + "x"].status == "refused"
