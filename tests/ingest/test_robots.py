import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wreck_core.ingest.outcome import FetchFailedError
from wreck_core.ingest.robots import Robots
from wreck_core.ingest.safe_http import Client
from wreck_core.ingest.url_map import UrlMap
from wreck_core.layout import Layout
from wreck_core.params import ScrapeParams

WORDS = ("noai", "noimageai", "noindex", "noimageindex", "noml")
RULES = b"User-agent: *\nDisallow: /private/\nDisallow: /*.png$\n\nUser-agent: other\nDisallow: /\n"


@pytest.fixture
def site(serve: Any, make_photo: Any, make_answer: Any) -> Callable[..., Any]:
    """A site whose robots.txt, and headers of pictures, are given."""

    def start(robots: bytes, *headers: str) -> Any:
        def behave(path: str, connection: Any) -> None:
            if path == "/robots.txt":
                connection.send(robots)
            elif path == "/to-private":
                connection.send(make_answer(b"", "Location: /private/2.jpg", code=302))
            else:
                connection.send(make_answer(make_photo(1), *headers))

        return serve(behave)

    return start


def polite(scrape: ScrapeParams, port: int) -> ScrapeParams:
    return scrape.model_copy(update={"ports": [port], "allow_private": True})


def test_robots_txt_is_kept_to_on_redirects_too_and_asked_for_once(
    site: Any, fetch: Any, impatient: ScrapeParams, make_answer: Any
) -> None:
    server = site(make_answer(RULES))
    names = ["1.jpg", "private/1.jpg", "1.png", "1.png?x=1", "to-private"]
    urls = [f"http://127.0.0.1:{server.port}/{name}" for name in names]
    rows = fetch(urls, polite(impatient, server.port))
    statuses = [rows[url].status for url in urls]
    assert statuses == ["ok", "robots_txt", "robots_txt", "ok", "robots_txt"]
    assert server.hits["/robots.txt"] == 1
    assert server.hits["/private/1.jpg"] == server.hits["/private/2.jpg"] == 0


def test_who_waits_for_another_to_read_robots_txt_ends_by_its_own_deadline(
    serve: Any, impatient: ScrapeParams, make_answer: Any, tmp_path: Path
) -> None:
    asked, told = threading.Event(), threading.Event()

    def behave(path: str, connection: Any) -> None:
        asked.set()
        told.wait(8)
        connection.send(make_answer(b"", code=404))

    server = serve(behave)
    scrape = polite(impatient, server.port).model_copy(update={"read_timeout_s": 60.0})
    url = f"http://127.0.0.1:{server.port}/1.jpg"
    with Client(scrape, UrlMap(())) as client, ThreadPoolExecutor(1) as other:
        robots = Robots(client, tmp_path)

        def ask(seconds: float) -> None:
            robots.terms(time.monotonic() + seconds, lambda head: None).permit(url)

        first = other.submit(ask, 60)
        assert asked.wait(10)
        with pytest.raises(FetchFailedError) as late:
            ask(0.05)
        assert late.value.status == "deadline"
        assert not first.done()
        told.set()
        first.result()
    assert server.hits["/robots.txt"] == 1


def test_what_robots_txt_said_holds_for_a_day(
    site: Any, fetch: Any, impatient: ScrapeParams, make_answer: Any, layout: Layout
) -> None:
    server = site(make_answer(RULES))
    url = f"http://127.0.0.1:{server.port}/1.jpg"
    for hours_ago, asked in ((0, 1), (23, 1), (25, 2)):
        for kept in layout.robots.glob("*"):
            os.utime(kept, (time.time() - hours_ago * 3600,) * 2)
        assert fetch([url], polite(impatient, server.port))[url].status == "ok"
        assert server.hits["/robots.txt"] == asked


@pytest.mark.parametrize(("code", "status"), [(404, "ok"), (403, "ok"), (503, "http_5xx"), (429, "http_4xx")])
def test_a_site_without_robots_txt_is_open_and_one_that_cannot_answer_is_not(
    site: Any, fetch: Any, impatient: ScrapeParams, make_answer: Any, code: int, status: str
) -> None:
    server = site(make_answer(b"", code=code))
    url = f"http://127.0.0.1:{server.port}/1.jpg"
    assert fetch([url], polite(impatient, server.port))[url].status == status


@pytest.mark.parametrize("retries", [0, 2])
def test_a_robots_txt_that_fails_is_not_asked_for_again_by_every_url(
    site: Any, fetch: Any, impatient: ScrapeParams, make_answer: Any, retries: int
) -> None:
    server = site(make_answer(b"", code=503))
    urls = [f"http://127.0.0.1:{server.port}/{name}.jpg" for name in range(8)]
    scrape = polite(impatient, server.port).model_copy(update={"retries": retries})
    rows = fetch(urls, scrape)
    assert {row.status for row in rows.values()} == {"http_5xx"}
    assert server.hits["/robots.txt"] == 1 + retries
    assert not any(server.hits[f"/{name}.jpg"] for name in range(8))


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        *((word, "robots_tag") for word in WORDS),
        *((f"wreck-detect: {word}", "robots_tag") for word in WORDS),
        *((f"otherbot: {word}", "ok") for word in WORDS),
        ("none", "robots_tag"),
        ("NoAI,NOINDEX", "robots_tag"),
        ("max-image-preview: large, noai", "robots_tag"),
        ("otherbot: noindex\r\nX-Robots-Tag: noml", "robots_tag"),
        ("otherbot: noindex\r\nX-Robots-Tag: wreck-detect: noml", "robots_tag"),
        ("max-image-preview: large", "ok"),
    ],
)
def test_x_robots_tag_is_kept_to(
    site: Any, fetch: Any, impatient: ScrapeParams, make_answer: Any, tag: str, status: str
) -> None:
    server = site(make_answer(b"", code=404), f"X-Robots-Tag: {tag}")
    url = f"http://127.0.0.1:{server.port}/1.jpg"
    assert fetch([url], polite(impatient, server.port))[url].status == status


def test_neither_applies_to_the_operators_own_mirror_nor_when_switched_off(
    site: Any, fetch: Any, impatient: ScrapeParams, make_answer: Any
) -> None:
    server = site(make_answer(b"User-agent: *\nDisallow: /\n"), "X-Robots-Tag: noai")
    place = f"http://127.0.0.1:{server.port}/"
    assert (
        fetch(["http://a.example/1.jpg"], impatient, (("http://a.example/", place),))[
            "http://a.example/1.jpg"
        ].status
        == "ok"
    )
    off = polite(impatient, server.port).model_copy(update={"robots": False})
    assert fetch([place], off)[place].status == "ok"
    assert server.hits["/robots.txt"] == 0


def test_a_crawl_delay_is_kept_to_and_a_very_long_one_closes_the_site(
    site: Any, fetch: Any, impatient: ScrapeParams, make_answer: Any, tmp_path: Path
) -> None:
    server = site(make_answer(b"User-agent: *\nCrawl-delay: 86400\n"))
    url = f"http://127.0.0.1:{server.port}/1.jpg"
    assert fetch([url], polite(impatient, server.port))[url].status == "robots_txt"
    server = site(make_answer(b"User-agent: *\nCrawl-delay: 0.05\n"))
    scrape = polite(impatient, server.port)
    with Client(scrape, UrlMap(())) as client:
        robots = Robots(client, tmp_path)
        terms = robots.terms(time.monotonic() + 10, lambda head: None)
        client.get(f"http://127.0.0.1:{server.port}/1.jpg", terms, time.monotonic() + 10)
        assert robots.crawl_delay_s("127.0.0.1") == 0.05
        assert robots.crawl_delay_s("other.example") == 0.0


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300).map(lambda noise: b"User-agent: *\nDisallow: /*a" + noise + b"*$\n" + noise))
def test_no_robots_txt_can_end_a_run(
    serve: Any, fetch: Any, impatient: ScrapeParams, make_answer: Any, make_photo: Any, text: bytes
) -> None:
    picture, rules = make_answer(make_photo(1)), make_answer(text)
    server = serve(lambda path, link: link.send(rules if path == "/robots.txt" else picture))
    url = f"http://127.0.0.1:{server.port}/1.jpg"
    assert fetch([url], polite(impatient, server.port))[url].status in ("ok", "robots_txt", "conn_broken")
