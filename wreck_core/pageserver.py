"""A page for people who were given its address: a secret, and few things to ask it for.

Other sites that a person's browser has open must not reach it: whoever asks shows the token (in the
address, or in the cookie that the first visit leaves), the Host must be one of ours (or a name
rebound to this machine would do), and a question is JSON of our own page, which no foreign one may
send unasked.
"""

import ipaddress
import json
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from wreck_core.errors import ImageRejectedError, InputError, WreckError

LOOPBACK = "127.0.0.1"
HOSTS = (LOOPBACK, "localhost")  # the port may differ: it may be forwarded
EVERYWHERE = "0.0.0.0"  # noqa: S104 - named to tell it apart
MAX_BODY_BYTES = 4096
SILENCE_S = 10.0
ASKING_S = 15.0  # a whole question: who drips it byte by byte is cut off
TELLING_S = 60.0  # a picture over a slow line
CROWD = 128  # who have not yet come to an end with their question; one more, and the first is cut off
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Reply:
    """Bytes for the browser, and their media type."""

    data: bytes
    kind: str


def no_files(name: str) -> Reply | None:
    """Give nothing: the page stands alone."""
    return None


class PageServer(ThreadingHTTPServer):
    """Serves `page` at `url`, `file` by names below it, and `answer` to what is posted to `url` + "decide".

    `page` and `answer` are called by one thread at a time, who holds `turn`; `file` by many, and
    gives None for a name that it does not know. `answer` takes and gives JSON values; an InputError
    of its own is the browser's fault (400), any other WreckError ours (503). Raises InputError when
    the address (host, port) cannot be had; port 0 takes any that is free.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        page: Callable[[], str],
        answer: Callable[[Any], Any],
        file: Callable[[str], Reply | None] = no_files,
        address: tuple[str, int] = (LOOPBACK, 0),
    ) -> None:
        self.page, self.answer, self.file = page, answer, file
        self.host = address[0]
        self.token = secrets.token_urlsafe(24)
        self.turn = threading.Lock()
        self.asking: dict[socket.socket, float] = {}  # whose question is not here yet, and since when
        try:
            super().__init__(address, _Handler)
        except OSError as error:
            raise InputError(
                f"cannot be served from: {error.strerror or error}",
                where=f"{address[0]}:{address[1]}",
                fix="choose an address of this machine, and a port that is free",
            ) from error

    def server_bind(self) -> None:
        """Bind without asking the name service who we are."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, self.socket.getsockname()[1]

    def service_actions(self) -> None:
        """Cut off those who do not come to an end with their question."""
        for connection, since in list(self.asking.items()):
            if time.monotonic() - since > ASKING_S:
                self._cut_off(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a new connection its thread; a thousand silent ones never hold a thousand."""
        if len(self.asking) >= CROWD:
            self._cut_off(min(list(self.asking.items()), key=lambda asked: asked[1])[0])
        super().process_request(request, client_address)

    def _cut_off(self, connection: socket.socket) -> None:
        self.asking.pop(connection, None)
        with suppress(OSError):  # gone by itself
            connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of browsers that hang up."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def is_ours(self, host: str) -> bool:
        """Whether a Host header names this server.

        Where it serves every address any number does: only names can be rebound.
        """
        name = host.rpartition(":")[0] or host
        if name in (*HOSTS, self.host):
            return True
        return self.host == EVERYWHERE and (name == socket.gethostname() or _is_number(name))

    @property
    def url(self) -> str:
        """The address, with its secret."""
        host = _own_number() if self.host == EVERYWHERE else self.host
        return f"http://{host}:{self.server_port}/{self.token}/"


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    timeout = SILENCE_S
    server_version, sys_version = "wreck", ""

    def setup(self) -> None:
        """Begin to wait for the question."""
        super().setup()
        self.server.asking[self.connection] = time.monotonic()

    def finish(self) -> None:
        """Wait for nothing more."""
        self.server.asking.pop(self.connection, None)
        super().finish()

    def do_GET(self) -> None:
        """Give the page, or a file that belongs to it."""
        name = self._asked_for()
        if name is None:
            return
        if name == "":
            return self._tell(self.server.page, "text/html")
        try:
            reply = self.server.file(name)
        except ImageRejectedError as error:
            return self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, error.what)
        except WreckError as error:
            return self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, error.what)
        if reply is None:
            return self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")
        self._send(HTTPStatus.OK, reply.data, reply.kind)

    def do_POST(self) -> None:
        """Take a question."""
        name = self._asked_for()
        if name is None:
            return
        length = self.headers.get("Content-Length", "")
        if name != "decide":
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")
        elif self._is_foreign():
            self._refuse(HTTPStatus.FORBIDDEN, "is asked by another site")
        elif self.headers.get_content_type() != "application/json" or not length.isdecimal():
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
        self._send(HTTPStatus.OK, text.encode("utf-8"), f"{kind}; charset=utf-8")

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the terminal is the person's."""

    def _asked_for(self) -> str | None:
        """Name what our person asks for, "" being the page; whoever guesses learns nothing but 404."""
        path = self.path.partition("?")[0].removeprefix("/")
        first, slash, rest = path.partition("/")
        if not self.server.is_ours(self.headers.get("Host", "")):
            name = None
        elif slash and self._is_token(first):
            name = rest
        else:
            name = path if self._is_token(self._cookie()) else None
        if name is None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here; open the whole link that was printed")
        return name

    def _is_token(self, text: str) -> bool:
        return secrets.compare_digest(text.encode("utf-8", "replace"), self.server.token.encode())

    @property
    def _cookie_name(self) -> str:
        return f"wreck_{self.server.server_port}"  # browsers do not tell the ports of a host apart

    def _cookie(self) -> str:
        for part in self.headers.get("Cookie", "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == self._cookie_name:
                return value
        return ""

    def _is_foreign(self) -> bool:
        """Whether a browser says that another site asks. Programs that are no browser say nothing."""
        origin = self.headers.get("Origin")
        elsewhere = origin is not None and origin.partition("://")[2] != self.headers.get("Host")
        return elsewhere or self.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._send(status, json.dumps({"error": why}).encode(), "application/json; charset=utf-8")

    def _send(self, status: HTTPStatus, data: bytes, kind: str) -> None:
        self.server.asking.pop(self.connection, None)
        self.connection.settimeout(TELLING_S)
        self.send_response(status)
        headers = {**_HEADERS, "Content-Type": kind, "Content-Length": str(len(data))}
        if status == HTTPStatus.OK and kind.startswith("text/html"):
            cookie = f"{self._cookie_name}={self.server.token}; HttpOnly; SameSite=Strict; Path=/"
            headers["Set-Cookie"] = cookie
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _own_number() -> str:
    """Give the number under which others reach this machine; nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address that is nobody's (RFC 5737)
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])
