"""Each way in which a server can misbehave ends with a status of its own."""

import contextlib
import socket
import struct
import threading
import zlib
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from wreck_core.params import ScrapeParams

WEB = "http://web.example/"
MAGIC = b"\xff\xd8\xff\xe0" + bytes(12)


def png_claiming(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def whole_answers(good: bytes, tiny: bytes, make_answer: Callable[..., bytes]) -> dict[str, bytes]:
    """Answers that are sent at once and then the connection is closed."""

    def redirect(place: str) -> bytes:
        return make_answer(b"", f"Location: {place}", code=302)

    return {
        "good": make_answer(good),
        "unsized": b"HTTP/1.0 200 OK\r\n\r\n" + good,
        "chunked": b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(good), good),
        "long": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "two-lengths": make_answer(good, "Content-Length: 7"),
        "short": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + good,
        "short-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n" + good,
        "bad-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + good,
        "no-http": b"SSH-2.0-OpenSSH_9.9\r\n",
        "empty": make_answer(b""),
        "gzip": make_answer(zlib.compress(good), "Content-Encoding: gzip"),
        "html": make_answer(
            b"<!doctype html><html><body>no picture</body></html>", "Content-Type: image/jpeg"
        ),
        "svg": make_answer(b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "Content-Type: image/svg+xml"),
        "cut": make_answer(good[: len(good) // 2]),
        "bomb": make_answer(png_claiming(60_000, 60_000)),
        "tiny": make_answer(tiny),
        "gone": make_answer(b"gone", code=410),
        "down": make_answer(b"down", code=503),
        "away": redirect("good"),
        "loop": redirect("/loop"),
        "to-private": redirect("http://169.254.169.254/latest/meta-data/"),
        "to-ipv6": redirect("http://[::1]/"),
        "to-file": redirect("file:///etc/passwd"),
        "to-user": redirect("http://user:secret@web.example/good"),
        "to-nowhere": redirect("http://[bad"),
        "to-latin": b"HTTP/1.1 302 Found\r\nLocation: /\xff\xfe\r\nContent-Length: 0\r\n\r\n",
    }


def misbehave(name: str, connection: Any) -> None:
    """Send what never ends as it should."""
    match name:
        case "silent":
            connection.wait_for_the_end()
        case "reset":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + MAGIC)
            connection.reset()
        case "slow-head":
            connection.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"o" * 1000)
        case "slow-body":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + MAGIC)
            connection.drip(bytes(1000))
        case "slow-last-body":
            connection.send(b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n" + MAGIC)
            connection.drip(bytes(1000))
        case "endless":
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + MAGIC)
            connection.flood(bytes(65536))
        case "endless-chunks":
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" + MAGIC + b"\r\n")
            connection.flood(b"10000\r\n" + bytes(65536) + b"\r\n")
        case "endless-headers":
            connection.send(b"HTTP/1.1 200 OK\r\n" + b"X-More: yes\r\n" * 50_000)
        case "heavy-redirect":
            connection.send(b"HTTP/1.1 302 Found\r\nLocation: /good\r\nContent-Length: 9999999999\r\n\r\n")
            connection.flood(bytes(65536))


@pytest.fixture
def bad_web(serve: Any, make_photo: Callable[..., bytes], make_answer: Callable[..., bytes]) -> Any:
    """A server that misbehaves as the path says."""
    whole = whole_answers(make_photo(1), make_photo(2, 20, 20), make_answer)

    def behave(path: str, connection: Any) -> None:
        if path[1:] in whole:
            connection.send(whole[path[1:]])
        elif path == "/missing":
            connection.send(make_answer(b"", code=404))
        else:
            misbehave(path[1:], connection)

    return serve(behave)


EXPECTED = {
    "good": "ok",
    "unsized": "ok",
    "chunked": "ok",
    "away": "ok",
    "heavy-redirect": "ok",
    "endless": "too_big",
    "endless-chunks": "too_big",
    "long": "too_big",
    "slow-head": "deadline",
    "slow-body": "deadline",
    "slow-last-body": "deadline",
    "silent": "read_timeout",
    "reset": "conn_broken",
    "short": "conn_broken",
    "short-chunk": "conn_broken",
    "bad-chunk": "conn_broken",
    "endless-headers": "conn_broken",
    "no-http": "conn_broken",
    "two-lengths": "conn_broken",
    "empty": "not_image",
    "html": "not_image",
    "svg": "not_image",
    "gzip": "bad_encoding",
    "cut": "decode_failed",
    "bomb": "too_many_pixels",
    "tiny": "too_small",
    "missing": "http_4xx",
    "gone": "http_4xx",
    "down": "http_5xx",
    "loop": "redirect_loop",
    "to-private": "blocked_address",
    "to-ipv6": "blocked_address",
    "to-file": "bad_url",
    "to-user": "bad_url",
    "to-nowhere": "bad_url",
    "to-latin": "bad_url",
}


def test_every_fault_ends_with_its_own_status_in_flat_memory(
    bad_web: Any, fetch: Any, impatient: ScrapeParams
) -> None:
    before_bytes = psutil.Process().memory_info().rss
    mirrors = ((WEB, f"http://127.0.0.1:{bad_web.port}/"),)
    rows = fetch([WEB + name for name in EXPECTED], impatient, mirrors)
    assert {url.removeprefix(WEB): row.status for url, row in rows.items()} == EXPECTED
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
