"""`scrape.proxy`, and no other, stands between us and the web."""

from collections.abc import Callable
from typing import Any

import pytest

from wreck_core import params as params_module
from wreck_core.errors import ParamsError
from wreck_core.layout import Layout
from wreck_core.params import ScrapeParams

WEB = "http://web.example/"


@pytest.fixture
def proxy(serve: Any, make_photo: Callable[..., bytes], make_answer: Callable[..., bytes]) -> Any:
    """A proxy that has every picture itself, sends `/away` to this machine, and makes no tunnels."""

    def behave(path: str, connection: Any) -> None:
        if connection.head.startswith(b"CONNECT "):
            connection.send(make_answer(b"", code=403))
        elif path.endswith("/robots.txt"):
            connection.send(make_answer(b"User-agent: *\nDisallow: /no", code=200))
        elif path.endswith("/away"):
            connection.send(make_answer(b"", "Location: http://127.0.0.1/x.jpg", code=302))
        elif path.endswith("/drip"):
            connection.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"o" * 1000)
        else:
            connection.send(make_answer(make_photo(1)))

    return serve(behave)


@pytest.fixture
def proxied(impatient: ScrapeParams, proxy: Any) -> ScrapeParams:
    return impatient.model_copy(update={"proxy": f"http://127.0.0.1:{proxy.port}"})


def test_a_picture_comes_through_the_proxy_which_looks_the_name_up(
    fetch: Any, proxied: ScrapeParams, proxy: Any
) -> None:
    rows = fetch([WEB + "a.jpg", WEB + "no.jpg", WEB + "drip"], proxied)
    assert [row.status for row in rows.values()] == ["ok", "robots_txt", "deadline"]
    assert proxy.hits == {WEB + "robots.txt": 1, WEB + "a.jpg": 1, WEB + "drip": 1}


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.jpg",
        "http://[::1]/a.jpg",
        "http://2130706433/a.jpg",
        "http://0x7f.1/a.jpg",
        "http://169.254.169.254/a.jpg",
        "http://localhost/a.jpg",
        "http://www.localhost./a.jpg",
        WEB + "away",
    ],
)
def test_an_address_that_is_not_public_is_never_asked_of_the_proxy(
    fetch: Any, proxied: ScrapeParams, proxy: Any, url: str
) -> None:
    assert fetch([url], proxied)[url].status == "blocked_address"
    assert not any("127.0.0.1" in path or "localhost" in path for path in proxy.hits)


def test_a_proxy_that_makes_no_connection_has_refused(fetch: Any, proxied: ScrapeParams, proxy: Any) -> None:
    url = "https://web.example/a.jpg"
    assert fetch([url], proxied)[url].status == "refused"
    assert proxy.hits == {"web.example:443": 1}  # robots.txt was asked for


def test_a_mirror_is_read_directly(
    fetch: Any, proxied: ScrapeParams, proxy: Any, serve: Any, make_photo: Any, make_answer: Any
) -> None:
    mirror = serve(lambda path, connection: connection.send(make_answer(make_photo(2))))
    rows = fetch([WEB + "a.jpg"], proxied, ((WEB, f"http://127.0.0.1:{mirror.port}/"),))
    assert rows[WEB + "a.jpg"].status == "ok"
    assert (mirror.hits.total(), proxy.hits.total()) == (1, 0)


def test_proxies_of_the_environment_are_never_used(
    fetch: Any, impatient: ScrapeParams, proxy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    fetch(["http://127.0.0.1:80/a.jpg"], impatient)
    assert proxy.hits.total() == 0


@pytest.mark.parametrize("place", ["http://user:word@proxy:3128", "socks5://proxy:1080", "proxy:3128"])
def test_a_proxy_with_a_password_or_of_another_kind_is_refused(layout: Layout, place: str) -> None:
    layout.params.write_text(layout.params.read_text().replace('proxy: ""', f'proxy: "{place}"'))
    with pytest.raises(ParamsError, match=r"scrape\.proxy"):
        params_module.load(layout.params)
