"""A page for one person on this machine: loopback only, a secret address, and one thing to ask it for.

Other sites that the person's browser has open must not reach it: the address holds a token, the Host
must be this machine's own (or a name rebound to 127.0.0.1 would do), and a question is JSON, which
no foreign page may send unasked.
"""

import json
import secrets
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from wreck_core.errors import InputError, WreckError

HOSTS = ("127.0.0.1", "localhost")  # the port may differ: it may be forwarded
MAX_BODY_BYTES = 4096
SILENCE_S = 10.0
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageServer(ThreadingHTTPServer):
    """Serves `page` at `url`, and `answer` to what is posted to `url` + "decide".

    Both are called by one thread at a time. `answer` takes and gives JSON values; an InputError of
    its own is the browser's fault (400), any other WreckError ours (503).
    """

    daemon_threads = True

    def __init__(self, page: Callable[[], str], answer: Callable[[Any], Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.page, self.answer = page, answer
        self.token = secrets.token_urlsafe(24)
        self.turn = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of browsers that hang up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """The address, with its secret."""
        return f"http://127.0.0.1:{self.server_port}/{self.token}/"


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    timeout = SILENCE_S

    def do_GET(self) -> None:
        """Give the page."""
        if self._is_for(""):
            self._tell(self.server.page, "text/html")

    def do_POST(self) -> None:
        """Take a question."""
        if not self._is_for("decide"):
            return
        length = self.headers.get("Content-Length", "")
        if self.headers.get_content_type() != "application/json" or not length.isdecimal():
            self._refuse(HTTPStatus.BAD_REQUEST, "is no JSON of a known length")
        elif int(length) > MAX_BODY_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "is too long")
        else:
            try:
                question = json.loads(self.rfile.read(int(length)))
            except (ValueError, RecursionError):
                return self._refuse(HTTPStatus.BAD_REQUEST, "is no JSON")
            self._tell(lambda: json.dumps(self.server.answer(question)), "application/json")

    def _tell(self, make: Callable[[], str], kind: str) -> None:
        try:
            with self.server.turn:
                text = make()
        except InputError as error:
            return self._refuse(HTTPStatus.BAD_REQUEST, error.reason)
        except WreckError as error:
            return self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, error.reason)
        self._send(HTTPStatus.OK, text, kind)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the terminal is the person's."""

    def _is_for(self, name: str) -> bool:
        """Whether the request is from our person for `name`; whoever guesses learns nothing but 404."""
        host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        wanted = f"/{self.server.token}/{name}".encode()
        if host in HOSTS and secrets.compare_digest(self.path.encode("utf-8", "replace"), wanted):
            return True
        self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")
        return False

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._send(status, json.dumps({"error": why}), "application/json")

    def _send(self, status: HTTPStatus, text: str, kind: str) -> None:
        data = text.encode("utf-8")
        self.send_response(status)
        for name, value in {
            **_HEADERS,
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(data)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
