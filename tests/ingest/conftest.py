"""A web that misbehaves on the socket level, as an HTTP library cannot, and one that is polite."""

import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from wreck_core import images
from wreck_core.ingest.pool import fetch_all
from wreck_core.ingest.rows import Job, Row
from wreck_core.ingest.urls import host_of, normalise, url_id
from wreck_core.layout import Layout
from wreck_core.params import Params, ScrapeParams

DRIP_S = 0.02


def photo(seed: int, width: int = 96, height: int = 80) -> bytes:
    """JPEG of a smooth random picture."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return images.encode(images.resize(coarse, width, height), "jpg")


def answer(body: bytes, *headers: str, code: int = 200) -> bytes:
    """A whole HTTP answer, after which the server closes the connection."""
    lines = [
        f"HTTP/1.1 {code} Whatever",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


class RawServer:
    """Answers each connection by `behave(path, connection)`; counts the requests by path."""

    def __init__(self, behave: Callable[[str, "Connection"], None]) -> None:
        self.hits: Counter[str] = Counter()
        self.stopped = threading.Event()
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            sock.settimeout(10)
            head = b""
            try:
                while b"\r\n\r\n" not in head and (packet := sock.recv(4096)):
                    head += packet
                if head:
                    path = head.split(b" ")[1].decode()
                    self.hits[path] += 1
                    self._behave(path, Connection(sock, self.stopped, head))
            except OSError:
                return  # the client went away, as it should

    def close(self) -> None:
        self.stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()


class Connection:
    """One request of a RawServer, and the ways to answer it badly."""

    def __init__(self, sock: socket.socket, stopped: threading.Event, head: bytes) -> None:
        self.sock, self.stopped, self.head = sock, stopped, head
        self.sent_bytes = 0

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)
        self.sent_bytes += len(data)

    def drip(self, data: bytes) -> None:
        for byte in data:
            if self.stopped.wait(DRIP_S):
                return
            self.send(bytes([byte]))

    def flood(self, packet: bytes, limit_bytes: int = 1 << 30) -> None:
        while self.sent_bytes < limit_bytes and not self.stopped.is_set():
            self.send(packet)

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def wait_for_the_end(self) -> None:
        """Hold the connection until the client closes it."""
        deadline = time.monotonic() + 10
        while not self.stopped.is_set() and time.monotonic() < deadline and self.sock.recv(4096):
            continue


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[str, Connection], None]], RawServer]]:
    """Start raw servers that are closed at the end."""
    servers: list[RawServer] = []

    def start(behave: Callable[[str, Connection], None]) -> RawServer:
        servers.append(RawServer(behave))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def impatient(params: Params) -> ScrapeParams:
    """The shipped scrape section with a short patience and a small cap."""
    return params.scrape.model_copy(
        update={
            "connect_timeout_s": 1.0,
            "read_timeout_s": 0.5,
            "deadline_s": 1.5,
            "retries": 0,
            "backoff_s": 0.01,
            "max_bytes": 1_000_000,
            "threads": 16,
            "per_host": 16,
        }
    )


Fetch = Callable[..., dict[str, Row]]


@pytest.fixture
def fetch(layout: Layout) -> Fetch:
    """Fetch URLs and give their rows by URL."""

    def run(
        urls: list[str],
        scrape: ScrapeParams,
        mirrors: tuple[tuple[str, str], ...] = (),
        allow_private: bool = False,
    ) -> dict[str, Row]:
        jobs = {url: Job(url_id(normalise(url)), normalise(url), host_of(normalise(url))) for url in urls}
        batches = fetch_all(iter(jobs.values()), scrape, layout, mirrors, allow_private=allow_private)
        rows = {row.url_id: row for batch in batches for row in batch}
        return {url: rows[job.url_id] for url, job in jobs.items()}

    return run


@pytest.fixture
def make_photo() -> Callable[..., bytes]:
    """JPEG bytes of a smooth random picture: `make_photo(seed, width, height)`."""
    return photo


@pytest.fixture
def make_answer() -> Callable[..., bytes]:
    """Bytes of a whole HTTP answer: `make_answer(body, *headers, code=200)`."""
    return answer
