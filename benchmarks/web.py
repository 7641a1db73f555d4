"""A web of drawn photos on many loopback addresses, in a process of its own: its work is not the client's.

Every path ending in `<number>.jpg` is a picture with a sha256 of its own: one of a few photos, and the number
after its end, where no decoder looks.
"""

import asyncio
import subprocess
import sys
import time
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOSTS = 64  # so many that no limit per host holds a client up


@contextmanager
def serving(*, latency_s: float = 0.0, side_px: int = 0) -> Iterator[int]:
    """Serve for the length of the block; yields the port. `side_px` shrinks the photos (0: as drawn)."""
    words = [sys.executable, "-m", "benchmarks.web", f"--latency={latency_s}", f"--side={side_px}"]
    root = Path(__file__).resolve().parents[1]
    with subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout  # noqa: S101 - a pipe was asked for
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def url(number: int, port: int) -> str:
    """Name one picture; they are dealt out to the hosts."""
    return f"http://127.0.0.{1 + number % HOSTS}:{port}/{number}.jpg"


def cpu_s(port: int) -> float:
    """CPU seconds that the server has taken so far."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/cpu") as answer:
        return float(answer.read())


class _Server(asyncio.Protocol):
    """Answers HTTP/1.1 with keep-alive, `latency_s` after each request."""

    def __init__(self, photos: list[bytes], latency_s: float) -> None:
        self._photos, self._latency_s = photos, latency_s
        self._asked = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where the answers go."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer as soon as the request is whole."""
        self._asked += data
        while b"\r\n\r\n" in self._asked:
            head, _, self._asked = self._asked.partition(b"\r\n\r\n")
            name = head.split(b" ", 2)[1].rpartition(b"/")[2].removesuffix(b".jpg")
            if self._latency_s:
                asyncio.get_running_loop().call_later(self._latency_s, self._answer, name)
            else:
                self._answer(name)

    def _answer(self, name: bytes) -> None:
        known = name.isdigit() or name == b"cpu"
        if name.isdigit():
            body = self._photos[int(name) % len(self._photos)] + name
        else:
            body = str(time.process_time()).encode() if known else b""
        head = f"HTTP/1.1 {200 if known else 404} Known\r\nContent-Type: image/jpeg\r\n"
        self._transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


async def _serve(photos: list[bytes], latency_s: float) -> None:
    loop = asyncio.get_running_loop()
    servers, port = [], 0  # any port that is free, the same at all addresses
    for at in range(HOSTS):
        place = f"127.0.0.{1 + at}"
        servers += [await loop.create_server(lambda: _Server(photos, latency_s), place, port, backlog=1024)]
        port = servers[0].sockets[0].getsockname()[1]
    print(port, flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


def main() -> None:
    """Draw, then serve until killed."""
    from wreck_core import images
    from wreck_core.sample import draw

    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--side", type=int, default=0, metavar="PIXELS")
    asked = parser.parse_args()
    pictures = [draw.draw_car(seed, damaged=seed % 2 == 0) for seed in range(24)]
    if asked.side:
        pictures = [images.fit_within(picture, asked.side) for picture in pictures]
    asyncio.run(_serve([images.encode(picture, "jpg") for picture in pictures], asked.latency))


if __name__ == "__main__":
    main()
