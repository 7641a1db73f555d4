"""Connections are kept alive and shared by all threads, and no host's are kept for ever."""

import threading
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from pages import Pages, photo, serving

from wreck_core.ingest.outcome import FetchFailedError
from wreck_core.ingest.slots import Slots
from wreck_core.ingest.transfer import Watchdog
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
    assert len(web.ends) <= 3


def test_an_answer_without_a_body_leaves_its_connection_open(fetch: Any, impatient: ScrapeParams) -> None:
    web = Counted(bodies={"/there.jpg": photo(1)}, redirects={"/moved.jpg": "/there.jpg"})
    with serving(web):
        settings = impatient.model_copy(update={"ports": [web.port], "per_host": 1})
        urls = [f"http://127.0.0.1:{web.port}/{name}.jpg" for name in ("gone", "moved", "there", "lost")]
        rows = fetch(urls, settings, allow_private=True)
    assert [row.status for row in rows.values()] == ["http_4xx", "ok", "ok", "http_4xx"]
    assert (len(web.asked), len(web.ends)) == (6, 1)  # with robots.txt, which is not there either


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


@dataclass
class Crowded(Pages):
    """Pages that keep how many requests were there at most; each waits a moment for more than `many`."""

    many: int = 2
    there: int = 0
    most: int = 0
    came: threading.Condition = field(default_factory=threading.Condition)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        with self.came:
            self.there += 1
            self.most = max(self.most, self.there)
            self.came.notify_all()
            self.came.wait_for(lambda: self.there > self.many, 0.1)
            self.there -= 1
        super().answer(request)


def test_a_host_that_others_redirect_to_is_never_crowded(fetch: Any, impatient: ScrapeParams) -> None:
    target = Crowded(bodies={f"/{number}.jpg": photo(number) for number in range(12)})
    with serving(target), ExitStack() as stack:
        urls, ports = [], [target.port]
        for number in range(12):
            place, path = f"127.0.0.{number + 2}", f"/{number}.jpg"
            web = Pages(redirects={path: f"http://127.0.0.1:{target.port}{path}"})
            ports.append(stack.enter_context(serving(web, place)).port)
            urls.append(f"http://{place}:{web.port}{path}")
        ways = {"ports": ports, "threads": 12, "per_host": 2, "deadline_s": 20.0}
        rows = fetch(urls, impatient.model_copy(update=ways), allow_private=True)
    assert {row.status for row in rows.values()} == {"ok"}
    assert target.most == 2


def test_a_url_that_finds_no_slot_where_it_leads_ends_at_its_deadline() -> None:
    slots, ends = Slots(1), []
    with closing(Watchdog([], public_only=True)) as watchdog:
        with watchdog.transfer(time.monotonic() + 60) as first, slots.one("a", first):
            with watchdog.transfer(time.monotonic() + 60) as other, slots.one("b", other):
                ends.append("b")
            with (
                watchdog.transfer(time.monotonic() + 0.01) as late,
                pytest.raises(FetchFailedError) as failed,
                slots.one("a", late),
            ):
                ends.append("a")
        with watchdog.transfer(time.monotonic() + 60) as again, slots.one("a", again):
            ends.append("a again")
    assert failed.value.status == "deadline"
    assert ends == ["b", "a again"]
