"""A small web on loopback whose pages a test can change: path → body, with ETags, and every request kept."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

import numpy as np

from wreck_core import images


def photo(seed: int) -> bytes:
    """JPEG of a smooth random picture."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return images.encode(images.resize(coarse, 96, 80), "jpg")


@dataclass
class Pages:
    """`bodies` by path without the query (none: 404); `asked` holds (path, headers, code) of each request."""

    port: int = 0
    etags: bool = True
    bodies: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], int]] = field(default_factory=list)

    def mirror(self, origin: str) -> tuple[str, str]:
        """What reads `origin` from here."""
        return origin, f"http://127.0.0.1:{self.port}/"

    def codes(self) -> list[int]:
        """Give the codes of the answers since the last call, sorted."""
        codes = sorted(code for _, _, code in self.asked)
        self.asked.clear()
        return codes

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        body, place = self.bodies.get(path), self.redirects.get(path)
        etag = f'"{hashlib.md5(body or b"", usedforsecurity=False).hexdigest()}"'
        code = 302 if place else 404 if body is None else 200
        if code == 200 and self.etags and request.headers.get("If-None-Match") == etag:
            code, body = 304, b""
        self.asked.append((request.path, dict(request.headers), code))
        request.send_response(code)
        if place:
            request.send_header("Location", place)
        if self.etags:
            request.send_header("ETag", etag)
        request.send_header("Content-Length", str(len(body or b"")))
        request.end_headers()
        request.wfile.write(body or b"")


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent about clients that were killed; another fault is a request without an answer."""


P = TypeVar("P", bound=Pages)


@contextmanager
def pages() -> Iterator[Pages]:
    """Serve pages until the block ends."""
    with serving(Pages()) as web:
        yield web


@contextmanager
def serving(web: P, place: str = "127.0.0.1") -> Iterator[P]:
    """Serve `web` at a loopback address until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            web.answer(self)

        def log_message(self, *words: object) -> None:
            """Stay silent."""

    server = _Server((place, 0), Handler)
    web.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
