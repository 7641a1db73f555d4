"""Sockets that reach only judged addresses, and that are cut when their time is up.

A time-out of urllib3 counts silence between two packets, so a server that drips one byte at a time
holds it for ever. Here one watchdog thread shuts every socket of a transfer that is past its deadline.
"""

import functools
import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import certifi
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssl_ import create_urllib3_context

from wreck_core.ingest.addresses import is_public
from wreck_core.ingest.outcome import FetchFailedError

_PATROL_S = 0.05
_DNS_CACHE = 10_000

_own = threading.local()


@functools.lru_cache(_DNS_CACHE)
def _lookup(host: str, port: int, hour: int) -> list[tuple[Any, ...]]:
    """Ask for the addresses of a host, once an hour at most."""
    return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)


def resolve(host: str, port: int, *, public_only: bool) -> list[tuple[Any, ...]]:
    """Look up the socket addresses of a host.

    Raises FetchFailedError: `dns`, `bad_url`, or `blocked_address` when any answer is not public, because
    a name with one public and one private answer is an attack.
    """
    try:
        answers = _lookup(host, port, int(time.monotonic()) // 3600)
    except socket.gaierror as error:
        raise FetchFailedError("dns", f"the host name has no address ({error.errno})") from None
    except (UnicodeError, ValueError, OverflowError) as error:
        raise FetchFailedError("bad_url", f"the host is no host name ({type(error).__name__})") from None
    if public_only and not all(is_public(answer[4][0]) for answer in answers):
        raise FetchFailedError("blocked_address", "the host has an address that is not public")
    return answers


def judge_literal(host: str) -> None:
    """Judge what needs no look-up: an address written out, in any notation, or localhost.

    It is all that can be judged before a proxy, which looks names up by itself.
    Raises FetchFailedError `blocked_address` or `bad_url`.
    """
    if host.rstrip(".").rpartition(".")[2] == "localhost":
        raise FetchFailedError("blocked_address", "the host is this machine")
    try:
        answers = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return  # a name
    except (UnicodeError, ValueError) as error:
        raise FetchFailedError("bad_url", f"the host is no host name ({type(error).__name__})") from None
    if not all(is_public(str(answer[4][0])) for answer in answers):
        raise FetchFailedError("blocked_address", "the host is an address that is not public")


class Transfer:
    """One URL under way, redirects and all, on one thread: its deadline and its sockets."""

    def __init__(self, deadline_at: float, ports: list[int], *, public_only: bool) -> None:
        self._deadline_at = deadline_at
        self._ports, self._public_only = ports, public_only
        self._lock = threading.Lock()
        self._guards: list[socket.socket] = []
        self._cut = False
        self.answers: list[http.client.HTTPResponse] = []
        # Set per hop: the operator named the place, so any address and port will do.
        self.trusted = False

    @property
    def overdue(self) -> bool:
        """Whether the time is up, or the run was stopped."""
        return self._cut or time.monotonic() >= self._deadline_at

    def check(self) -> None:
        """Raise FetchFailedError `deadline` when the time is up."""
        if self.overdue:
            raise FetchFailedError("deadline", "did not end in time")

    def connect(self, host: str, port: int, timeout_s: float, options: Any) -> socket.socket:
        """Connect to the first address of a host that answers. Every address is judged before.

        Raises FetchFailedError: as `resolve`, `bad_url`, `connect_timeout`, `refused` or `deadline`.
        """
        if not self.trusted and port not in self._ports:
            raise FetchFailedError("bad_url", f"port {port} is not in scrape.ports")
        failure = FetchFailedError("refused", "the host has no address")
        public_only = self._public_only and not self.trusted
        for family, kind, protocol, _, address in resolve(host, port, public_only=public_only):
            self.check()
            sock = socket.socket(family, kind, protocol)
            try:
                for option in options or ():
                    sock.setsockopt(*option)
                sock.settimeout(max(0.001, min(timeout_s, self._deadline_at - time.monotonic())))
                sock.connect(address)
                sock.settimeout(timeout_s)
            except TimeoutError:
                failure = FetchFailedError("connect_timeout", "no connection in time")
            except OSError as error:
                failure = FetchFailedError("refused", os.strerror(error.errno or 0).lower())
            else:
                self.watch(sock)
                return sock
            sock.close()
        self.check()
        raise failure

    def watch(self, sock: socket.socket) -> None:
        """Cut this socket, too, when the time is up.

        It is held by a descriptor of our own: the TLS layer takes the first one away, and http.client
        closes its connection while the body is still being read.
        """
        guard = socket.socket(sock.family, sock.type, sock.proto, fileno=os.dup(sock.fileno()))
        with self._lock:
            self._guards.append(guard)
        if self.overdue:
            self.cut()

    def cut(self) -> None:
        """Shut all sockets: whatever waits on them ends now. For any thread."""
        with self._lock:
            self._cut = True
            for guard in self._guards:
                try:
                    guard.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # its peer was faster

    def close(self) -> None:
        """Let go of the answers, and of the sockets without shutting them."""
        for answer in self.answers:
            answer.close()
        with self._lock:
            for guard in self._guards:
                guard.close()
            self._guards.clear()


class Watchdog:
    """One thread that cuts every transfer that is past its deadline."""

    def __init__(self, ports: list[int], *, public_only: bool) -> None:
        self._ports, self._public_only = ports, public_only
        self._lock = threading.Lock()
        self._transfers: set[Transfer] = set()
        self._stopped = threading.Event()
        self._aborted = False
        self._thread = threading.Thread(target=self._patrol, name="deadlines", daemon=True)
        self._thread.start()

    @contextmanager
    def transfer(self, deadline_at: float) -> Iterator[Transfer]:
        """Watch over one transfer of the calling thread, until `deadline_at` of `time.monotonic`."""
        transfer = Transfer(deadline_at, self._ports, public_only=self._public_only)
        outer, _own.transfer = getattr(_own, "transfer", None), transfer
        with self._lock:
            self._transfers.add(transfer)
        try:
            if self._aborted:
                transfer.cut()
            yield transfer
        finally:
            _own.transfer = outer
            with self._lock:
                self._transfers.discard(transfer)
            transfer.close()

    def abort(self) -> None:
        """Cut all transfers, now and from now on."""
        self._aborted = True
        self._each(lambda transfer: True)

    def close(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join()

    def _patrol(self) -> None:
        while not self._stopped.wait(_PATROL_S):
            self._each(lambda transfer: transfer.overdue)

    def _each(self, chosen: Any) -> None:
        with self._lock:
            transfers = list(self._transfers)
        for transfer in transfers:
            if chosen(transfer):
                transfer.cut()


class _Answer(http.client.HTTPResponse):
    """Closed with its transfer: urllib3 forgets an answer whose headers contradict each other."""

    def begin(self) -> None:
        """Read the head."""
        _own.transfer.answers.append(self)
        super().begin()


class _JudgedConnection(HTTPConnection):
    """A connection whose socket comes from, and is watched by, its thread's transfer."""

    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        timeout_s = float(self.timeout or 0)
        transfer: Transfer = _own.transfer
        return transfer.connect(self._dns_host, self.port or 0, timeout_s, self.socket_options)

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:  # kept alive from an earlier transfer
            _own.transfer.watch(self.sock)
        super().request(*args, **kwargs)


class _JudgedTlsConnection(_JudgedConnection, HTTPSConnection):
    """The same under TLS; names and certificates are checked as ever."""


class _JudgedPool(HTTPConnectionPool):
    ConnectionCls = _JudgedConnection


class _JudgedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _JudgedTlsConnection


_POOLS = {"http": _JudgedPool, "https": _JudgedTlsPool}


def trusted() -> ssl.SSLContext:
    """Read the certificates that are trusted. That takes as long as ten pictures: once is enough."""
    context = create_urllib3_context()
    context.load_verify_locations(certifi.where())
    return context


def pools(proxy: str, hosts: int, per_host: int, tls: ssl.SSLContext) -> PoolManager:
    """Give pools of these connections, kept alive: `per_host` at each of `hosts`, maybe by a proxy."""
    made = (
        ProxyManager(proxy, hosts, maxsize=per_host, ssl_context=tls)
        if proxy
        else PoolManager(hosts, maxsize=per_host, ssl_context=tls)
    )
    made.pool_classes_by_scheme = _POOLS
    return made
