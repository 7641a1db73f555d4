"""Each way in which a server can misbehave ends with a status of its own, in time and in flat memory."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from bad_web import EXPECTED, WEB, RawServer
from bad_web import bad_web as start_bad_web

from wreck_core.params import ScrapeParams


@pytest.fixture
def bad_web() -> Iterator[RawServer]:
    """A server that misbehaves as the path says."""
    server = start_bad_web()
    yield server
    server.close()


def test_every_fault_ends_by_its_deadline_with_its_own_status_in_flat_memory(
    bad_web: Any, fetch: Any, impatient: ScrapeParams
) -> None:
    before_bytes = psutil.Process().memory_info().rss
    mirrors = ((WEB, f"http://127.0.0.1:{bad_web.port}/"),)
    rows = fetch([WEB + name for name in EXPECTED], impatient, mirrors)
    assert {url.removeprefix(WEB): row.status for url, row in rows.items()} == EXPECTED
    late = {url: row.ms for url, row in rows.items() if row.ms > (impatient.deadline_s + 0.5) * 1000}
    assert not late
    assert psutil.Process().memory_info().rss - before_bytes < 100_000_000


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


def test_a_request_says_who_asks_and_wants_no_compression_and_no_cookies(
    serve: Any, fetch: Any, impatient: ScrapeParams, make_photo: Any, make_answer: Any
) -> None:
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
        assert b"User-Agent: wreck-detect/0.1.0 (+mailto:me@web.example)\r\n" in head
        assert b"canary" not in head


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
