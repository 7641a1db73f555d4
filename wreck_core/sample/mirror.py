"""A folder served on loopback, to be read by `--map`: the web of a machine without a network."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: the scrape tells what it fetched."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # every thread of a scrape connects at once


@contextmanager
def mirror(folder: Path) -> Iterator[str]:
    """Serve the files of `folder` on 127.0.0.1 for the length of the block; yields its address."""
    with _Server(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        serving = Thread(target=server.serve_forever, name="mirror")
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            serving.join()
