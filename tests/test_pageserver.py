"""The page server, spoken to by raw sockets: whoever does not know the address gets nothing."""

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from wreck_core.errors import BusyError, InputError
from wreck_core.pageserver import MAX_BODY_BYTES, PageServer


def answer(question: Any) -> Any:
    if question == "busy":
        raise BusyError("somebody else writes")
    if question == "wrong":
        raise InputError("is no decision")
    return {"heard": question}


@pytest.fixture
def server() -> Iterator[PageServer]:
    with PageServer(lambda: "<p>secret page</p>", answer) as server:
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


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1]"])
def test_a_name_rebound_to_this_machine_is_refused(server: PageServer, host: str) -> None:
    assert ask(server, f"GET /{server.token}/\n", host=host)[0] == 404


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
