"""The HTTP door: fetch a URL that a stranger wrote, from a server that a stranger runs.

What it holds to: only http(s), only the allowed ports, only public addresses (judged at the socket, so
neither a name, a redirect nor rebinding gets round it), no userinfo, no cookies, no proxies or
passwords from the environment (`scrape.proxy` alone names one), redirects followed by hand without
reading their bodies, no compression, a cap on bytes checked at every packet, and a deadline that no
trickle outlives.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from tempfile import SpooledTemporaryFile, gettempdir
from types import TracebackType
from typing import IO, Self
from urllib.parse import urljoin, urlsplit

from urllib3 import BaseHTTPResponse, PoolManager
from urllib3.exceptions import ProxyError, ReadTimeoutError, SSLError
from urllib3.util import Timeout, parse_url

from wreck_core import __version__
from wreck_core.errors import StorageError, WreckError
from wreck_core.ingest.blocklist import NOTHING_BARRED, Blocklist
from wreck_core.ingest.outcome import FetchFailedError
from wreck_core.ingest.slots import Slots
from wreck_core.ingest.transfer import Transfer, Watchdog, judge_literal, pools, trusted
from wreck_core.ingest.url_map import UrlMap
from wreck_core.ingest.urls import host_of, normalise
from wreck_core.params import ScrapeParams

PRODUCT = "wreck-detect"  # our name in robots.txt
_PACKET_BYTES = 65536
_MAGIC_BYTES = 16
_HELD_BYTES = 1 << 20  # of a body in memory while it comes; more goes to a file


def user_agent(contact: str) -> str:
    """Say honestly who asks: `wreck-detect/<version> (+<contact>)`."""
    return f"{PRODUCT}/{__version__}" + (f" (+{contact})" if contact else "")


@dataclass(frozen=True)
class Terms:
    """What the caller asks of an answer. Each check raises to refuse.

    `permit` sees each URL on the way, `judge_headers` the headers of the final answer, both not where
    the operator mapped it; `judge_magic` the first bytes of its body (16, or all when it is shorter).
    `conditions` are If-None-Match and If-Modified-Since headers.
    """

    max_bytes: int
    permit: Callable[[str], None]
    judge_headers: Callable[[Mapping[str, str]], None]
    judge_magic: Callable[[bytes], None]
    conditions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """A whole body, and where it came from: the last URL of the redirects, in the list's own terms."""

    final_url: str
    http_code: int
    headers: Mapping[str, str]
    body: bytes


class _Line:
    """Connections that all threads share, kept alive: to judged places, or to mirrors.

    URLs go round the hosts, so a thread would hardly ever meet a host for which it has a connection itself.

    urllib3 alone, without `requests` above it, which reads the body of a redirect, however long, to offer its
    target (https://github.com/psf/requests/issues/5529), takes cookies, proxies and passwords from the
    environment, and reads all trusted certificates anew for each connection.
    """

    def __init__(self, agent: str, pools: PoolManager) -> None:
        self._headers = {"User-Agent": agent, "Accept": "image/*", "Accept-Encoding": "identity"}
        self._pools = pools
        self.close = pools.clear

    @contextmanager
    def ask(self, url: str, more: Mapping[str, str], timeout: Timeout) -> Iterator[BaseHTTPResponse]:
        """GET an http(s) URL; the answer's body is not read yet."""
        response = self._pools.urlopen(
            "GET",
            url,
            headers={**self._headers, **more},
            redirect=False,
            retries=False,
            timeout=timeout,
            preload_content=False,
            decode_content=False,
        )
        try:
            yield response
        finally:
            if response.length_remaining == 0:
                response.read1()  # nothing, as after 304: it gives the connection back
            response.close()


class Client:
    """A context manager that any number of threads may fetch with at once."""

    def __init__(
        self,
        params: ScrapeParams,
        url_map: UrlMap,
        *,
        allow_private: bool = False,
        barred: Blocklist = NOTHING_BARRED,
    ) -> None:
        self.params = params
        self._map, self._barred = url_map, barred
        self._timeout = Timeout(connect=params.connect_timeout_s, read=params.read_timeout_s)
        agent, hosts, tls = user_agent(params.contact), 2 * params.threads, trusted()
        at_once = params.threads if params.proxy else params.per_host
        self._judged = _Line(agent, pools(params.proxy, hosts, at_once, tls))
        # Of its own, because a mirror's sockets were never judged.
        self._mirrored = _Line(agent, pools("", hosts, params.threads, tls))
        self._public_only = not (allow_private or params.allow_private)
        self._slots = Slots(params.per_host)
        self._watchdog = Watchdog(params.ports, public_only=self._public_only)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watchdog.close()
        self._judged.close()
        self._mirrored.close()

    def abort(self) -> None:
        """Cut everything that is under way; every fetch from now on fails with `deadline`."""
        self._watchdog.abort()

    def get(self, url: str, terms: Terms, deadline_at: float) -> Answer:
        """Fetch a normalised URL until `deadline_at` of `time.monotonic`.

        Raises FetchFailedError, and whatever the checks of `terms` raise.
        """
        with self._watchdog.transfer(deadline_at) as transfer:
            try:
                return self._follow(url, terms, transfer)
            except WreckError:
                raise
            except Exception as error:  # hostile text raises anything, and a URL is never a dead run
                raise _classify(error, transfer) from error

    def _follow(self, url: str, terms: Terms, transfer: Transfer) -> Answer:
        """Go from hop to hop until one answers."""
        for _ in range(self.params.max_redirects + 1):
            if self._barred.bars(url):
                raise FetchFailedError("blocklisted", "leads to what was taken down")
            mirror = self._map.forward(url)
            transfer.trusted = mirror is not None or bool(self.params.proxy)
            if mirror is None:
                judge_url(url, self.params.ports)
                if self.params.proxy and self._public_only:
                    judge_literal(urlsplit(url).hostname or "")
                terms.permit(url)
            with self._slot(url, mirror, transfer):
                answer = self._hop(url, mirror, terms, transfer)
            if isinstance(answer, Answer):
                return answer
            # A mirror redirects within itself; what it stands for is what is followed and kept.
            url = normalise((self._map.back(answer) if mirror else None) or answer)
        raise FetchFailedError("redirect_loop", f"more than {self.params.max_redirects} redirects")

    def _slot(self, url: str, mirror: str | None, transfer: Transfer) -> AbstractContextManager[None]:
        """Hold one of the slots of a URL's host; a mirror is the operator's own and has no limit."""
        return nullcontext() if mirror else self._slots.one(host_of(url), transfer)

    def _hop(self, url: str, mirror: str | None, terms: Terms, transfer: Transfer) -> Answer | str:
        """Ask once: the answer, or the address of a redirect."""
        target = mirror or url
        line = self._judged if mirror is None else self._mirrored
        with line.ask(target, terms.conditions, self._timeout) as response:
            transfer.check()
            if location := response.get_redirect_location():
                # http.client reads headers as Latin-1; an address that is not ASCII is UTF-8.
                return urljoin(target, location.encode("latin-1").decode("utf-8"))
            if mirror is None and response.status < 400:
                terms.judge_headers(response.headers)
            _judge_head(response, terms)
            body = _read_body(response, terms, transfer)
            return Answer(url, response.status, response.headers, body)


def judge_url(url: str, ports: list[int]) -> None:
    """Refuse what must not even be looked up, by the parser that will connect.

    Raises FetchFailedError `bad_url`.
    """
    try:
        parts = parse_url(url)
    except ValueError:
        raise FetchFailedError("bad_url", "cannot be parsed") from None
    if parts.scheme not in ("http", "https"):
        raise FetchFailedError("bad_url", "is neither http nor https")
    if not parts.host:
        raise FetchFailedError("bad_url", "names no host")
    if parts.auth is not None:
        raise FetchFailedError("bad_url", "carries a user name or password")
    port = parts.port if parts.port is not None else {"http": 80, "https": 443}[parts.scheme]
    if port not in ports:
        raise FetchFailedError("bad_url", f"port {port} is not in scrape.ports")


def _judge_head(response: BaseHTTPResponse, terms: Terms) -> None:
    code, headers = response.status, response.headers
    if code == 304 and terms.conditions:
        raise FetchFailedError("not_modified", "has not changed", http_code=code)
    if not 200 <= code < 300:
        wait_s = _retry_after_s(headers.get("Retry-After", ""))
        status = "http_5xx" if code >= 500 else "http_4xx"
        raise FetchFailedError(status, f"answered {code}", http_code=code, retry_after_s=wait_s)
    if headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise FetchFailedError("bad_encoding", "is compressed though we asked for no compression")
    length = headers.get("Content-Length", "")
    if length.isdecimal() and int(length[:20]) > terms.max_bytes:
        raise FetchFailedError("too_big", f"says that it is longer than {terms.max_bytes} bytes")


def _read_body(response: BaseHTTPResponse, terms: Terms, transfer: Transfer) -> bytes:
    """Read packet by packet, because waiting for a full buffer is what a trickle lives on."""
    size_bytes, head, judged = 0, b"", False
    # Threads that each meet a body without an end must not fill the memory together.
    with SpooledTemporaryFile(_HELD_BYTES) as body:
        while packet := response.read1(_PACKET_BYTES, decode_content=False):
            transfer.check()
            size_bytes += len(packet)
            if size_bytes > terms.max_bytes:
                raise FetchFailedError("too_big", f"is longer than {terms.max_bytes} bytes")
            head += packet[: _MAGIC_BYTES - len(head)]
            if not judged and len(head) == _MAGIC_BYTES:
                terms.judge_magic(head)
                judged = True
            _spool(body, packet)
        transfer.check()  # a cut socket looks like an end
        if not judged:
            terms.judge_magic(head)
        body.seek(0)
        return body.read()


def _spool(body: IO[bytes], packet: bytes) -> None:
    try:
        body.write(packet)
    except OSError as error:
        raise StorageError(
            f"a large picture could not be kept while it came: {error.strerror}",
            where=gettempdir(),
            fix="free some space there, or name another folder by TMPDIR, then run the same command again",
        ) from error


def _retry_after_s(text: str) -> float:
    """Seconds from a Retry-After header, a number or a date; 0 when it is neither."""
    if text.strip().isdecimal():
        return float(text.strip()[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _classify(error: Exception, transfer: Transfer) -> FetchFailedError:
    """Name what went wrong by its class alone: the text may quote the URL, secrets and all."""
    name = type(error).__name__
    if transfer.overdue:
        return FetchFailedError("deadline", "did not end in time")
    if isinstance(error, ProxyError):
        return FetchFailedError("refused", f"the proxy made no connection ({name})")
    if isinstance(error, SSLError):
        return FetchFailedError("tls", f"the secure connection failed ({name})")
    if isinstance(error, ReadTimeoutError):
        return FetchFailedError("read_timeout", "fell silent")
    if isinstance(error, ValueError):  # LocationParseError and UnicodeError are of this kind
        return FetchFailedError("bad_url", f"cannot be asked for ({name})")
    return FetchFailedError("conn_broken", f"the connection broke ({name})")
