"""What sites say in robots.txt and X-Robots-Tag.

Reference: RFC 9309, Robots Exclusion Protocol.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from protego import Protego

from wreck_core import files
from wreck_core.ingest.outcome import FetchFailedError
from wreck_core.ingest.safe_http import PRODUCT, Client, Terms
from wreck_core.ingest.schedule import MAX_HOLD_S

_DENIED_TAGS = frozenset({"noai", "noimageai", "noindex", "noimageindex", "noml", "none"})
_ROBOTS_BYTES = 512_000
_GOOD_FOR_S = 24 * 3600.0  # section 2.4 of the RFC
_FAILED_FOR_S = 60.0  # then an origin that could not answer is asked once more
_ORIGINS = 1_000  # whose rules are in memory


@dataclass
class _Origin:
    """The rules of one origin; at most one thread asks for them."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    rules: Protego = field(default_factory=lambda: Protego.parse(""))
    until: float = 0.0
    failures: int = 0  # in a row
    failure: FetchFailedError | None = None  # the last one, told to everybody until `failed_until`
    failed_until: float = 0.0  # monotonic, s


class Robots:
    """robots.txt of every origin, and the X-Robots-Tag of every answer.

    What an origin answered is kept in `folder`, for a day, and for all processes that are given it.
    """

    def __init__(self, client: Client, folder: Path) -> None:
        self._client, self._params, self._folder = client, client.params, folder
        self._lock = threading.Lock()
        self._origins: dict[str, _Origin] = {}  # the last used is the last
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

    def crawl_delay_s(self, host: str) -> float:
        """Give the Crawl-delay of a host; 0 when none is known.

        Also 0 when it is longer than any pause that we make: then nothing else is asked of the host.
        """
        delay_s = self._delays_s.get(host, 0.0)
        return delay_s if delay_s <= MAX_HOLD_S else 0.0

    def _permit(self, url: str, deadline_at: float) -> None:
        """Raise FetchFailedError: `robots_txt`, or what kept us from reading robots.txt."""
        parts = urlsplit(url)
        rules = self._rules(f"{parts.scheme}://{parts.netloc}", deadline_at)
        delay_s = rules.crawl_delay(PRODUCT)
        if delay_s:
            self._delays_s[parts.hostname or ""] = float(delay_s)
        if delay_s and delay_s > MAX_HOLD_S:
            raise FetchFailedError(
                "robots_txt", f"robots.txt asks for pauses of more than {MAX_HOLD_S:.0f} s"
            )
        if not rules.can_fetch(url, PRODUCT):
            raise FetchFailedError("robots_txt", "robots.txt does not allow it")

    def _rules(self, origin: str, deadline_at: float) -> Protego:
        with self._lock:
            known = self._origins[origin] = self._origins.pop(origin, _Origin())
            if len(self._origins) > _ORIGINS:
                del self._origins[next(iter(self._origins))]
        # Whoever asks has a deadline of its own, which may be later than ours.
        if not known.lock.acquire(timeout=max(0.0, deadline_at - time.monotonic())):
            raise FetchFailedError("deadline", "did not end in time")
        try:
            if time.time() >= known.until:
                text, asked_at = self._text_unless_failed(known, origin, deadline_at)
                known.rules, known.until = Protego.parse(text), asked_at + _GOOD_FOR_S
            return known.rules
        finally:
            known.lock.release()

    def _text_unless_failed(self, known: _Origin, origin: str, deadline_at: float) -> tuple[str, float]:
        """Give what `_text` gives; an origin that failed, retries and all, is left alone for a while."""
        if known.failure and time.monotonic() < known.failed_until:
            past = known.failure
            raise FetchFailedError(
                past.status, past.what, http_code=past.http_code, retry_after_s=past.retry_after_s
            )
        try:
            found = self._text(origin, deadline_at)
        except FetchFailedError as error:
            if error.status != "deadline":  # which is ours, and says nothing of the origin
                known.failures, known.failure = known.failures + 1, error
                if not error.may_pass or known.failures > self._params.retries:
                    known.failed_until = time.monotonic() + _FAILED_FOR_S
            raise
        known.failures, known.failure = 0, None
        return found

    def _text(self, origin: str, deadline_at: float) -> tuple[str, float]:
        """Give robots.txt, and when (epoch, s) it was asked for: now, or by somebody before."""
        path = self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()[:32]}.txt"
        if path.exists() and path.stat().st_mtime > time.time() - _GOOD_FOR_S:
            return path.read_text(encoding="utf-8"), path.stat().st_mtime
        text = self._ask(origin, deadline_at)
        files.write_once(path, text.encode("utf-8"))
        return text, time.time()

    def _ask(self, origin: str, deadline_at: float) -> str:
        """Read robots.txt; empty when the site has none (any 4xx, says the RFC)."""
        terms = Terms(_ROBOTS_BYTES, permit=_accept, judge_headers=_accept, judge_magic=_accept)
        try:
            answer = self._client.get(f"{origin}/robots.txt", terms, deadline_at)
        except FetchFailedError as error:
            if 400 <= (error.http_code or 0) < 500 and not error.may_pass:
                return ""
            if error.status in ("bad_encoding", "redirect_loop", "too_big"):
                raise FetchFailedError("robots_txt", "robots.txt cannot be read") from None
            raise
        return answer.body.decode("utf-8", "replace")


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
