"""A web that misbehaves on the socket level, as an HTTP library cannot, and one that is polite."""

import gzip
import socket
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable

import numpy as np

from wreck_core import images

WEB = "http://web.example/"
MAGIC = b"\xff\xd8\xff\xe0" + bytes(12)
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


def png_claiming(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def jpeg_claiming(width: int, height: int) -> bytes:
    """103 bytes, whole but for the pixels."""
    tables = b"\xff\xdb" + struct.pack(">HB", 67, 0) + b"\x01" * 64
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\0"
    scan = b"\xff\xda" + struct.pack(">HB", 8, 1) + b"\x01\0\0\x3f\0"
    return b"\xff\xd8" + tables + frame + scan + bytes(7) + b"\xff\xd9"


def webp_claiming(canvas: tuple[int, int], frame: tuple[int, int]) -> bytes:
    """Two sizes, as an extended file has them: of the canvas, and of the lossless picture on it."""
    sides = b"".join((side - 1).to_bytes(3, "little") for side in canvas)
    pixels = b"\x2f" + struct.pack("<I", (frame[0] - 1) | (frame[1] - 1) << 14) + bytes(9)
    chunks = b"VP8X" + struct.pack("<I", 10) + bytes(4) + sides
    chunks += b"VP8L" + struct.pack("<I", len(pixels)) + pixels
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def gif_claiming(screen: tuple[int, int], frame: tuple[int, int]) -> bytes:
    """Two sizes: of the screen, and of the one frame on it."""
    head = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + bytes(6)
    return head + b"," + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\x02\x02\x4c\x01\0;"


def bmp_claiming(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head + bytes(48)


def whole_answers(good: bytes, tiny: bytes) -> dict[str, bytes]:
    """Answers that are sent at once and then the connection is closed."""

    def redirect(place: str) -> bytes:
        return answer(b"", f"Location: {place}", code=302)

    return {
        "good": answer(good),
        "unsized": b"HTTP/1.0 200 OK\r\n\r\n" + good,
        "chunked": b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(good), good),
        "long": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "two-lengths": answer(good, "Content-Length: 7"),
        "short": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + good,
        "short-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n" + good,
        "bad-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + good,
        "no-http": b"SSH-2.0-OpenSSH_9.9\r\n",
        "empty": answer(b""),
        "gzip": answer(gzip.compress(bytes(10_000_000)), "Content-Encoding: gzip"),
        "double-gzip": answer(gzip.compress(gzip.compress(good)), "Content-Encoding: gzip, gzip"),
        "html": answer(b"<!doctype html><html><body>no picture</body></html>", "Content-Type: image/jpeg"),
        "svg": answer(b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "Content-Type: image/svg+xml"),
        "cut": answer(good[: len(good) // 2]),
        "bomb": answer(png_claiming(60_000, 60_000)),
        "bomb-jpeg": answer(jpeg_claiming(25_500, 25_500)),
        "bomb-webp": answer(webp_claiming((1 << 24, 1 << 24), (64, 64))),
        "bomb-gif": answer(gif_claiming((65_535, 65_535), (64, 64))),
        "bomb-bmp": answer(bmp_claiming(1 << 30, -(1 << 30))),
        # A modest size where it is first told, and an enormous one behind it.
        "late-webp": answer(webp_claiming((64, 64), (16_384, 16_384))),
        "late-gif": answer(gif_claiming((64, 64), (65_535, 65_535))),
        "tiny": answer(tiny),
        "missing": answer(b"", code=404),
        "gone": answer(b"gone", code=410),
        "busy": answer(b"busy", "Retry-After: 1", code=429),
        "down": answer(b"down", code=503),
        "resting": answer(b"down", "Retry-After: 1", code=503),
        "away": redirect("good"),
        "loop": redirect("/loop"),
        "to-private": redirect("http://169.254.169.254/latest/meta-data/"),
        "to-ipv6": redirect("http://[::1]/"),
        "to-file": redirect("file:///etc/passwd"),
        "to-user": redirect("http://user:secret@web.example/good"),
        "to-nowhere": redirect("http://[bad"),
        "to-latin": b"HTTP/1.1 302 Found\r\nLocation: /\xff\xfe\r\nContent-Length: 0\r\n\r\n",
    }


def misbehave(name: str, connection: Connection) -> None:  # noqa: C901 - one case a fault
    """Send what never ends as it should."""
    match name:
        case "silent":
            connection.wait_for_the_end()
        case "reset":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + MAGIC)
            connection.reset()
        case "slow-head":
            connection.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"o" * 1000)
        case "slow-body":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + MAGIC)
            connection.drip(bytes(1000))
        case "slow-last-body":
            connection.send(b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n" + MAGIC)
            connection.drip(bytes(1000))
        case "endless":
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + MAGIC)
            connection.flood(bytes(65536))
        case "endless-chunks":
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" + MAGIC + b"\r\n")
            connection.flood(b"10000\r\n" + bytes(65536) + b"\r\n")
        case "huge-chunk":
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n" + MAGIC)
            connection.flood(bytes(65536))
        case "endless-headers":
            connection.send(b"HTTP/1.1 200 OK\r\n" + b"X-More: yes\r\n" * 50_000)
        case "heavy-redirect":
            connection.send(b"HTTP/1.1 302 Found\r\nLocation: /good\r\nContent-Length: 9999999999\r\n\r\n")
            connection.flood(bytes(65536))


def bad_web() -> RawServer:
    """A server that misbehaves as the path says."""
    whole = whole_answers(photo(1), photo(2, 20, 20))

    def behave(path: str, connection: Connection) -> None:
        name = path[1:].partition("?")[0]
        if name in whole:
            connection.send(whole[name])
        else:
            misbehave(name, connection)

    return RawServer(behave)


# How each of them ends.
EXPECTED = {
    "good": "ok",
    "unsized": "ok",
    "chunked": "ok",
    "away": "ok",
    "heavy-redirect": "ok",
    "endless": "too_big",
    "endless-chunks": "too_big",
    "huge-chunk": "too_big",
    "long": "too_big",
    "slow-head": "deadline",
    "slow-body": "deadline",
    "slow-last-body": "deadline",
    "silent": "read_timeout",
    "reset": "conn_broken",
    "short": "conn_broken",
    "short-chunk": "conn_broken",
    "bad-chunk": "conn_broken",
    "endless-headers": "conn_broken",
    "no-http": "conn_broken",
    "two-lengths": "conn_broken",
    "empty": "not_image",
    "html": "not_image",
    "svg": "not_image",
    "gzip": "bad_encoding",
    "double-gzip": "bad_encoding",
    "cut": "decode_failed",
    "bomb": "too_many_pixels",
    "bomb-jpeg": "too_many_pixels",
    "bomb-webp": "too_many_pixels",
    "bomb-gif": "too_many_pixels",
    "bomb-bmp": "too_many_pixels",
    "late-webp": "decode_failed",
    "late-gif": "decode_failed",
    "tiny": "too_small",
    "missing": "http_4xx",
    "gone": "http_4xx",
    "busy": "http_4xx",
    "down": "http_5xx",
    "resting": "http_5xx",
    "loop": "redirect_loop",
    "to-private": "blocked_address",
    "to-ipv6": "blocked_address",
    "to-file": "bad_url",
    "to-user": "bad_url",
    "to-nowhere": "bad_url",
    "to-latin": "bad_url",
}
