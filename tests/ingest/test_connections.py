"""Connections are kept alive and shared by all threads, and no host's are kept for ever."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from pages import Pages, photo, serving

from wreck_core.params import ScrapeParams


@dataclass
class Counted(Pages):
    """Pages that keep the port at the other end of each connection."""

    ends: set[int] = field(default_factory=set)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.ends.add(request.client_address[1])
        super().answer(request)


def test_one_host_is_asked_over_no_more_connections_than_it_takes_at_once(
    fetch: Any, impatient: ScrapeParams
) -> None:
    web = Counted(bodies={f"/{number}.jpg": photo(number) for number in range(60)})
    with serving(web):
        settings = impatient.model_copy(update={"ports": [web.port], "threads": 8, "per_host": 3})
        urls = [f"http://127.0.0.1:{web.port}{path}" for path in web.bodies]
        rows = fetch(urls, settings, allow_private=True)
    assert {row.status for row in rows.values()} == {"ok"}
    assert len(web.asked) == 61  # with robots.txt
    assert len(web.ends) <= 3 + 1  # an answer without a body to read, 404 for robots.txt, ends its connection


def test_more_hosts_than_connections_are_kept_for_are_all_fetched(
    fetch: Any, impatient: ScrapeParams
) -> None:
    with ExitStack() as stack:
        webs = [stack.enter_context(serving(Counted())) for _ in range(9)]
        urls = []
        for number in range(27):
            web = webs[number % len(webs)]
            web.bodies[f"/{number}.jpg"] = photo(number)
            urls.append(f"http://127.0.0.1:{web.port}/{number}.jpg")
        ways = {"ports": [web.port for web in webs], "threads": 2, "per_host": 1}
        rows = fetch(urls, impatient.model_copy(update=ways), allow_private=True)
    assert {row.status for row in rows.values()} == {"ok"}
