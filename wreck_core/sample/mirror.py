"""A folder served on loopback, to be read by `--map`: the web of a machine without a network."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

from wreck_core.sample.web import LoopbackServer, serving


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing: the scrape tells what it fetched."""


@contextmanager
def mirror(folder: Path) -> Iterator[str]:
    """Serve the files of `folder` for the length of the block; yields the address, ending in "/"."""
    with serving(LoopbackServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))) as address:
        yield address
