"""What sites say in robots.txt and X-Robots-Tag.

Reference: RFC 9309, Robots Exclusion Protocol.
"""

import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from protego import Protego

from wreck_core.ingest.outcome import FetchFailedError
from wreck_core.ingest.safe_http import PRODUCT, Client, Terms
from wreck_core.ingest.schedule import MAX_HOLD_S
from wreck_core.params import ScrapeParams

_DENIED_TAGS = frozenset({"noai", "noimageai", "noindex", "noimageindex", "noml", "none"})
_ROBOTS_BYTES = 512_000


class Robots:
    """robots.txt of every origin, asked once per run, and the X-Robots-Tag of every answer."""

    def __init__(self, client: Client, params: ScrapeParams) -> None:
        self._client = client
        self._params = params
        self._lock = threading.Lock()
        self._origin_locks: dict[str, threading.Lock] = {}
        self._rules: dict[str, Protego | None] = {}
        self._delays_s: dict[str, float] = {}

    def terms(
        self,
        deadline_at: float,
        judge_magic: Callable[[bytes], None],
        conditions: Mapping[str, str] = MappingProxyType({}),
    ) -> Terms:
        """Terms of one picture fetch: what robots.txt permits and X-Robots-Tag does not deny."""
        asked = self._params.robots
        return Terms(
            max_bytes=self._params.max_bytes,
            permit=(lambda url: self._permit(url, deadline_at)) if asked else _accept,
            judge_headers=_judge_tag if asked else _accept,
            judge_magic=judge_magic,
            conditions=conditions,
        )

    def interval_s(self, host: str) -> float:
        """Give the least time between two requests: `scrape.interval_s`, or a longer Crawl-delay.

        A site whose Crawl-delay is longer than any pause that we make is not asked at all.
        """
        delay_s = self._delays_s.get(host, 0.0)
        return max(self._params.interval_s, delay_s if delay_s <= MAX_HOLD_S else 0.0)

    def _permit(self, url: str, deadline_at: float) -> None:
        """Raise FetchFailedError: `robots_txt`, or what kept us from reading robots.txt."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            lock = self._origin_locks.setdefault(origin, threading.Lock())
        with lock:
            if origin not in self._rules:
                self._rules[origin] = rules = self._ask(origin, deadline_at)
                delay_s = rules.crawl_delay(PRODUCT) if rules else None
                self._delays_s[parts.hostname or ""] = float(delay_s or 0.0)
        if self._delays_s[parts.hostname or ""] > MAX_HOLD_S:
            raise FetchFailedError(
                "robots_txt", f"robots.txt asks for pauses of more than {MAX_HOLD_S:.0f} s"
            )
        rules = self._rules[origin]
        if rules is not None and not rules.can_fetch(url, PRODUCT):
            raise FetchFailedError("robots_txt", "robots.txt does not allow it")

    def _ask(self, origin: str, deadline_at: float) -> Protego | None:
        """Read robots.txt; None when the site has none (any 4xx, says the RFC)."""
        terms = Terms(_ROBOTS_BYTES, permit=_accept, judge_headers=_accept, judge_magic=_accept)
        try:
            answer = self._client.get(f"{origin}/robots.txt", terms, deadline_at)
        except FetchFailedError as error:
            if error.status == "http_4xx" and not error.may_pass:
                return None
            if error.status in ("bad_encoding", "redirect_loop", "too_big"):
                raise FetchFailedError("robots_txt", "robots.txt cannot be read") from None
            raise
        return Protego.parse(answer.body.decode("utf-8", "replace"))


def _accept(_: object) -> None:
    """Refuse nothing."""


def _judge_tag(headers: Mapping[str, str]) -> None:
    """Raise FetchFailedError `robots_tag` when X-Robots-Tag denies the use that we make of pictures."""
    for part in headers.get("X-Robots-Tag", "").lower().split(","):
        agent, colon, directive = part.rpartition(":")
        if colon and agent.strip() != PRODUCT:
            continue  # meant for another crawler
        if directive.strip() in _DENIED_TAGS:
            raise FetchFailedError("robots_tag", f"X-Robots-Tag says {directive.strip()}")
