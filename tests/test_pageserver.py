"""The page server, spoken to by raw sockets: whoever does not know the address gets nothing."""

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from wreck_core import pageserver
from wreck_core.errors import BusyError, ImageRejectedError, InputError, StorageError
from wreck_core.pageserver import CROWD, EVERYWHERE, MAX_BODY_BYTES, PageServer, Reply


def answer(question: Any) -> Any:
    if question == "busy":
        raise BusyError("somebody else writes")
    if question == "wrong":
        raise InputError("is no decision")
    return {"heard": question}


def file(name: str) -> Reply | None:
    if name == "broken":
        raise ImageRejectedError("decode_failed", "is damaged")
    if name == "gone":
        raise StorageError("cannot be read")
    return Reply(b"body {}", "text/css") if name == "style.css" else None


@pytest.fixture
def server() -> Iterator[PageServer]:
    with PageServer(lambda: "<p>secret page</p>", answer, file) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(server: PageServer, head: str, body: bytes = b"", host: str = "") -> tuple[int, str, str]:
    """Send a request; gives status, headers and body of the answer."""
    host = host or f"127.0.0.1:{server.server_port}"
    with socket.create_connection(("127.0.0.1", server.server_port)) as connection:
        connection.sendall(head.replace("\n", f" HTTP/1.1\r\nHost: {host}\r\n", 1).encode() + b"\r\n" + body)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    headers, _, text = received.decode().partition("\r\n\r\n")
    return int(headers.split()[1]), headers, text


def post(server: PageServer, body: bytes, kind: str = "application/json") -> tuple[int, Any]:
    head = f"POST /{server.token}/decide\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    status, _, text = ask(server, head, body)
    return status, json.loads(text)


def test_the_page_comes_with_headers_that_keep_it_here(server: PageServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    status, headers, text = ask(server, f"GET /{server.token}/\n")
    assert (status, text) == (200, "<p>secret page</p>")
    for line in ("Referrer-Policy: no-referrer", "Cache-Control: no-store", "frame-ancestors 'none'"):
        assert line in headers


@pytest.mark.parametrize("path", ["/", "/decide", "/x/", "/../", "/%00/", "//", "*", "/ä/"])
def test_without_the_token_there_is_nothing(server: PageServer, path: str) -> None:
    status, _, text = ask(server, f"GET {path}\n")
    assert status == 404
    assert "secret" not in text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1]", "[::1]:80"]
)
def test_a_name_rebound_to_this_machine_is_refused(server: PageServer, host: str) -> None:
    assert ask(server, f"GET /{server.token}/\n", host=host)[0] == 404


def test_nothing_that_is_answered_lets_a_browser_tell_others_the_link(server: PageServer) -> None:
    """The token is in the address: no reply may send it on as Referer, or open it to other sites."""
    questions = (b'"fine"', b'"wrong"', b'"busy"', b"{", b" " * (MAX_BODY_BYTES + 1))
    json_head = f"POST /{server.token}/decide\nContent-Type: application/json\r\nContent-Length: "
    replies = [ask(server, f"{json_head}{len(body)}\r\n", body) for body in questions[:4]]
    replies.append(ask(server, f"{json_head}{MAX_BODY_BYTES + 1}\r\n"))
    replies += [
        ask(server, f"GET /{server.token}/{name}\n") for name in ("", "style.css", "broken", "gone", "x")
    ]
    replies.append(ask(server, "GET /\n"))
    assert sorted({status for status, _, _ in replies}) == [200, 400, 404, 413, 422, 503]
    for _, headers, text in replies:
        assert "Referrer-Policy: no-referrer" in headers
        assert "Access-Control" not in headers
        assert server.token not in text


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /" + "x" * 70_000 + "\n", 414),
        ("GET /\nCookie: " + "x" * 70_000 + "\r\n", 431),
        ("GET /\n" + "a: b\r\n" * 200, 431),
        ("OPTIONS /decide\nOrigin: http://evil.example\r\n", 501),
        ("PUT /decide\n", 501),
        ("TRACE /\n", 501),
    ],
)
def test_heads_that_are_too_long_and_other_verbs_are_refused(
    server: PageServer, head: str, status: int
) -> None:
    told, headers, text = ask(server, head)
    assert told == status
    assert "Access-Control" not in headers
    assert server.token not in text
    assert post(server, b"1") == (200, {"heard": 1})


def test_a_crowd_of_silent_connections_holds_no_more_than_its_share(server: PageServer) -> None:
    address = ("127.0.0.1", server.server_port)
    silent = [socket.create_connection(address) for _ in range(2 * CROWD)]
    assert post(server, b"1") == (200, {"heard": 1})
    for early in silent[:CROWD]:
        early.settimeout(60)
        assert early.recv(1) == b""
    assert len(server.asking) <= CROWD
    for connection in silent:
        connection.close()


def test_a_forwarded_port_works(server: PageServer) -> None:
    assert ask(server, f"GET /{server.token}/\n", host="localhost:9000")[0] == 200


def test_json_is_answered_and_faults_are_told(server: PageServer) -> None:
    assert post(server, b'{"a": 1}') == (200, {"heard": {"a": 1}})
    assert post(server, b'"wrong"') == (400, {"error": "is no decision"})
    assert post(server, b'"busy"') == (503, {"error": "somebody else writes"})


def test_what_a_form_of_another_site_could_send_is_refused(server: PageServer) -> None:
    assert post(server, b'{"a": 1}', kind="text/plain")[0] == 400
    assert post(server, b"\xff\xfe")[0] == 400
    assert post(server, b"[" * 4000)[0] == 400


@pytest.mark.parametrize("length", ["", "-1", "1e3", "٣"])
def test_a_body_without_a_true_length_is_not_read(server: PageServer, length: str) -> None:
    head = f"POST /{server.token}/decide\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
    assert ask(server, head)[0] == 400


def test_a_long_body_is_not_read(server: PageServer) -> None:
    head = (
        f"POST /{server.token}/decide\nContent-Type: application/json\r\n"
        f"Content-Length: {MAX_BODY_BYTES + 1}\r\n"
    )
    assert ask(server, head)[0] == 413


def test_the_first_visit_leaves_a_cookie_that_opens_the_rest(server: PageServer) -> None:
    _, headers, _ = ask(server, f"GET /{server.token}/?as=ann\n")
    cookie = f"wreck_{server.server_port}={server.token}"
    assert f"Set-Cookie: {cookie}; HttpOnly; SameSite=Strict; Path=/" in headers
    assert ask(server, f"GET /?as=ann\nCookie: other=1; {cookie}\r\n")[::2] == (200, "<p>secret page</p>")
    assert ask(server, f"GET /style.css\nCookie: {cookie}\r\n")[::2] == (200, "body {}")
    for wrong in ("", f"wreck_{server.server_port}=", f"{cookie}x", f"x{cookie}", cookie[:-1]):
        assert ask(server, f"GET /\nCookie: {wrong}\r\n")[0] == 404


def test_files_are_given_by_name_and_their_faults_told(server: PageServer) -> None:
    status, headers, text = ask(server, f"GET /{server.token}/style.css\n")
    assert (status, text) == (200, "body {}")
    assert "Content-Type: text/css" in headers
    assert "Set-Cookie" not in headers
    statuses = {"broken": 422, "gone": 503, "other": 404, "../style.css": 404, "%2e%2e/style.css": 404}
    assert {name: ask(server, f"GET /{server.token}/{name}\n")[0] for name in statuses} == statuses


def post_as(server: PageServer, *lines: str) -> int:
    head = [f"POST /{server.token}/decide", "Content-Type: application/json", "Content-Length: 2", *lines]
    return ask(server, "\n".join(head[:1]) + "\n" + "\r\n".join(head[1:]) + "\r\n", b"{}")[0]


def test_another_site_cannot_ask(server: PageServer) -> None:
    own = f"http://127.0.0.1:{server.server_port}"
    assert post_as(server) == 200  # no browser
    assert post_as(server, f"Origin: {own}", "Sec-Fetch-Site: same-origin") == 200
    for origin in ("http://evil.example", "null", f"{own}0", "http://127.0.0.1", f"http://x@{own[7:]}"):
        assert post_as(server, f"Origin: {origin}") == 403
    for site in ("cross-site", "same-site"):
        assert post_as(server, f"Sec-Fetch-Site: {site}") == 403


def test_those_who_drip_their_question_block_nobody_and_are_cut_off(
    server: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pageserver._Handler, "timeout", None)  # silence alone ends nobody here
    head = f"POST /{server.token}/decide HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    dripped = ("GET / HT", head, f"{head}Content-Length: 9\r\n\r\n1")
    address = ("127.0.0.1", server.server_port)
    drips = [socket.create_connection(address) for _ in range(30)]
    for at, drip in enumerate(drips):
        drip.sendall(dripped[at % len(dripped)].encode())
    assert post(server, b"1") == (200, {"heard": 1})
    monkeypatch.setattr(pageserver, "ASKING_S", 0.0)
    for drip in drips:
        drip.settimeout(60)
        with drip:
            assert len(drip.recv(65536)) < 500  # the end, or a word of refusal


def test_served_to_a_network_numbers_and_our_name_are_ours() -> None:
    with PageServer(lambda: "", answer, address=(EVERYWHERE, 0)) as server:
        ours = ("127.0.0.1", "localhost:9000", "192.0.2.7:80", socket.gethostname())
        assert [server.is_ours(host) for host in ours] == [True] * len(ours)
        assert not any(server.is_ours(host) for host in ("evil.example", "192.0.2.7.evil.example", ""))
        assert EVERYWHERE not in server.url


def test_a_port_that_is_taken_is_one_clear_error(server: PageServer) -> None:
    with pytest.raises(InputError, match=f"127.0.0.1:{server.server_port}: cannot be served from"):
        PageServer(lambda: "", answer, address=("127.0.0.1", server.server_port))
    with pytest.raises(InputError, match=r"192\.0\.2\.1:0: cannot be served from"):
        PageServer(lambda: "", answer, address=("192.0.2.1", 0))
