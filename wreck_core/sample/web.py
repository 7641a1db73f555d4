"""The demo's hosts on loopback: one server, each host below its own path, reached by `--map`."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from wreck_core.sample.site import HOSTS, Answer, Site


class LoopbackServer(ThreadingHTTPServer):
    """Takes as many connections at once as a scrape has threads."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print faults of ours only: a client that hangs up is none."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Hosts(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, site: Site, *arguments: Any) -> None:
        self._site = site
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer as the host that the path begins with."""
        _, host, path = self.path.split("/", 2)
        answer = self._site.answers.get((host, f"/{path}"), Answer(code=404))
        time.sleep(answer.delay_s)
        self.send_response(answer.code)
        if answer.location:
            self.send_header("Location", f"/{host}{answer.location}")
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing: the scrape tells what it fetched."""


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    """Run a server for the length of the block; yields its address, ending in "/"."""
    thread = Thread(target=server.serve_forever, name="loopback web")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def hosts(site: Site) -> Iterator[tuple[str, ...]]:
    """Serve the site for the length of the block; yields the `--map` entry of each host."""
    with serving(LoopbackServer(("127.0.0.1", 0), partial(_Hosts, site))) as address:
        yield tuple(f"http://{host}/={address}{host}/" for host in HOSTS)
