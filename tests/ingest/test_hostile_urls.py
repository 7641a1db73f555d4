"""No URL, name or redirect reaches an address that is not public."""

import ipaddress
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreck_core.ingest import transfer
from wreck_core.ingest.addresses import is_public
from wreck_core.ingest.outcome import STATUSES, FetchFailedError
from wreck_core.ingest.transfer import resolve
from wreck_core.params import ScrapeParams

PRIVATE = [
    "0.0.0.0",  # noqa: S104 - as a target
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "::a9fe:a9fe",
    "::ffff:168.63.129.16",
    "2002:a83f:8110::1",
    "64:ff9b::a9fe:a9fe",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "fc00::1",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
]

HOSTILE = [
    *(f"http://[{a}]/x.jpg" if ":" in a else f"http://{a}/x.jpg" for a in PRIVATE),
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://0/",
    "http://localhost/",
    "http://localhost./",
    "http://127.0.0.1./",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://[::ffff:7f00:1]/",
    "http://public.example@127.0.0.1/",
    "http://127.0.0.1#@public.example/",
    "http://127.0.0.1\\@public.example/",
    "http://public.example\\@127.0.0.1/",
    "http://127.0.0.1%2f@public.example/",
    "http://127.0.0.1 @public.example/",
    "http://127.0.0.1\t@public.example/",
    "http:/127.0.0.1/",
    "http:127.0.0.1/",
    "//127.0.0.1/",
    "http://127.0.0.1:22/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:-1/",
    "http://127.0.0.1:80:80/",
    "http://[::1/",
    "http://[::1]]/",
    "http://[v1.a]/",
    "http://" + "a" * 300 + "/",
    "http://a..b/",
    "http://.../",
    "http://xn--/",
    "http://\ud7ff/",
    "http:///x.jpg",
    "http://",
    "http://?",
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1/",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "jar:http://127.0.0.1!/",
    "HTTP://LOCALHOST/",
    "http://user:pass@127.0.0.1/",
    "../../etc/passwd",
    "/etc/passwd",
    "http://127.0.0.1/[/foo].jpg",
    "http://127.0.0.1/%zz%",
    "http://127.0.0.1/\x1b[31m",
    "not a url",
]

_connected: list[str] = []


def _hear(event: str, details: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(details[1], tuple):
        _connected.append(details[1][0])


sys.addaudithook(_hear)


@pytest.fixture
def connected() -> Iterator[list[str]]:
    """Addresses that anything in this process connects to."""
    _connected.clear()
    yield _connected


@pytest.fixture
def offline_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS as an attacker would have it; literals are resolved as ever."""
    real = socket.getaddrinfo
    names = {
        "inside.example": ["10.0.0.5"],
        "mixed.example": ["93.184.215.14", "127.0.0.1"],
        "metadata.example": ["169.254.169.254"],
        "six.example": ["::1"],
    }

    def getaddrinfo(host: str, port: int, *rest: Any, **more: Any) -> Any:
        if host in names:
            return [found for address in names[host] for found in real(address, port, *rest, **more)]
        if host.rstrip(".").endswith("example"):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return real(host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_told(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001::1"])
def test_public_addresses_are_told(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_a_private_ipv4_address_stays_private_inside_ipv6(address: ipaddress.IPv4Address) -> None:
    for network in ("::", "::ffff:0:0", "::ffff:0:0:0", "64:ff9b::"):
        inside = ipaddress.IPv6Address(int(ipaddress.IPv6Address(network)) + int(address))
        assert not is_public(str(inside))


def test_hostile_urls_end_with_a_status_and_without_a_connection(
    fetch: Any,
    impatient: ScrapeParams,
    connected: list[str],
    offline_names: None,
    record_property: Any,
) -> None:
    by_name = [f"http://{name}.example/x.jpg" for name in ("inside", "mixed", "metadata", "six")]
    rows = fetch([*HOSTILE, *by_name], impatient)
    assert {row.status for row in rows.values()} <= {"blocked_address", "bad_url", "dns"}
    assert {rows[url].status for url in by_name} == {"blocked_address"}
    assert all(row.status in STATUSES and "Traceback" not in row.detail for row in rows.values())
    assert connected == []
    record_property("R4", f"{len(rows)} URLs: 0 connections")


def test_redirects_reach_only_the_mirror(
    serve: Any,
    fetch: Any,
    impatient: ScrapeParams,
    connected: list[str],
    offline_names: None,
    make_answer: Any,
) -> None:
    places = [url for url in HOSTILE if url.isascii() and "\t" not in url and url.startswith("http")]

    def behave(path: str, connection: Any) -> None:
        number = path.removeprefix("/web/")
        place = (
            places[int(number)]
            if number.isdecimal() and path != "/web/secret"
            else f"http://127.0.0.1:{port}/secret"
        )
        connection.send(make_answer(b"", f"Location: {place}", code=302))

    server = serve(behave)
    port = server.port
    # Even a server that the operator trusts on one path is not trusted on others.
    scrape = impatient.model_copy(update={"ports": [80, 443, port]})
    mirrors = (("http://web.example/", f"http://127.0.0.1:{port}/web/"),)
    urls = [f"http://web.example/{number}" for number in range(len(places))]
    rows = fetch([*urls, "http://web.example/aside"], scrape, mirrors)
    assert {row.status for row in rows.values()} <= {
        "blocked_address",
        "bad_url",
        "dns",
        "http_4xx",
        "redirect_loop",
    }
    assert rows["http://web.example/aside"].status == "blocked_address"
    assert set(connected) == {"127.0.0.1"}
    assert all(path.startswith("/web/") for path in server.hits)


def test_a_name_with_one_private_answer_is_refused(offline_names: None) -> None:
    with pytest.raises(FetchFailedError, match="not public") as caught:
        resolve("mixed.example", 80, public_only=True)
    assert caught.value.status == "blocked_address"


def test_a_name_that_changes_its_address_is_judged_at_the_socket(
    fetch: Any, impatient: ScrapeParams, connected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    asked: list[str] = []

    def rebinding(host: str, port: int, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        address = "93.184.215.14" if asked.count(host) == 1 else "127.0.0.1"
        return real(address, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket.socket, "connect", _refuse)
    resolve("rebinding.example", 80, public_only=True)
    no_robots = impatient.model_copy(update={"robots": False})
    rows = fetch(["http://rebinding.example/x.jpg"], no_robots)
    assert rows["http://rebinding.example/x.jpg"].status in ("refused", "blocked_address")
    assert "127.0.0.1" not in connected


def test_a_name_that_changes_with_every_look_up_never_leads_to_a_private_address(
    fetch: Any, impatient: ScrapeParams, connected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    turns = cycle([["93.184.215.14"], ["127.0.0.1"], ["10.0.0.5", "93.184.215.14"], ["93.184.215.14", "::1"]])
    asked: list[str] = []

    def rebinding(host: str, port: int, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        return [found for address in next(turns) for found in real(address, port, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket.socket, "connect", _refuse)
    # Without the cache every connection looks the name up anew.
    monkeypatch.setattr(transfer, "_lookup", transfer._lookup.__wrapped__)
    eager = impatient.model_copy(update={"robots": False, "breaker": 1000, "threads": 1})
    rows = fetch([f"http://rebinding.example/{number}.jpg" for number in range(40)], eager)
    statuses = Counter(row.status for row in rows.values())
    assert statuses == {"refused": 10, "blocked_address": 30}
    # One look-up each: what was judged is what was connected to.
    assert asked == ["rebinding.example"] * 40
    assert connected == ["93.184.215.14"] * 10


def _refuse(self: socket.socket, address: tuple[Any, ...]) -> None:
    _connected.append(address[0])
    raise ConnectionRefusedError


def test_ports_and_private_addresses_open_only_by_their_settings(
    serve: Any, fetch: Any, impatient: ScrapeParams, make_photo: Any, make_answer: Any
) -> None:
    server = serve(lambda path, connection: connection.send(make_answer(make_photo(1))))
    url = f"http://127.0.0.1:{server.port}/x.jpg"
    open_port = impatient.model_copy(update={"ports": [server.port], "robots": False})
    assert fetch([url], impatient, allow_private=True)[url].status == "bad_url"
    assert fetch([url], open_port)[url].status == "blocked_address"
    assert fetch([url], open_port, allow_private=True)[url].status == "ok"
