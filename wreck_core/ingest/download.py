"""One URL, from the wire to the store: fetch, try again, examine, store, and say how it ended."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from wreck_core import clock, files
from wreck_core.errors import ImageRejectedError
from wreck_core.image_header import EXTENSIONS
from wreck_core.ingest import picture
from wreck_core.ingest.blocklist import Blocklist
from wreck_core.ingest.outcome import FetchFailedError
from wreck_core.ingest.picture import Picture
from wreck_core.ingest.robots import Robots
from wreck_core.ingest.rows import Held, Job, Rest, Row
from wreck_core.ingest.safe_http import Answer, Client
from wreck_core.ingest.schedule import MAX_HOLD_S
from wreck_core.ingest.urls import redact
from wreck_core.layout import Layout

_HEADER_CHARS = 256


class PictureStore:
    """The pictures on disk, and which of them must not come back."""

    def __init__(self, layout: Layout, barred: Blocklist) -> None:
        self._layout, self._barred = layout, barred

    def keep(self, facts: Picture, data: bytes) -> None:
        """Store a picture under its hash. Raises FetchFailedError `blocklisted` when it was taken down."""
        if facts.sha256 in self._barred.sha256s:
            raise FetchFailedError("blocklisted", "is a picture that was taken down", http_code=200)
        files.write_once(self._layout.image(facts.sha256, EXTENSIONS[facts.format]), data)

    def settle(self) -> None:
        """Make what was kept durable, before anybody records it."""
        files.settle(self._layout.images)

    def still(self, held: Held) -> Held:
        """Give what is held, or nothing when its file is gone: then it must be fetched whole."""
        folder = self._layout.images / (held.sha256 or "")[:2]
        return held if held.sha256 and any(folder.glob(f"{held.sha256}.*")) else Held()


class Downloader:
    """Fetches jobs on any number of threads.

    `stopped` ends the waits between tries; `tell` hears of those that a host asks for, so that its other URLs
    wait, too. `decoding` bounds how many pictures are open: 40 megapixels take 40 MB and more when decoded.
    """

    def __init__(
        self,
        client: Client,
        robots: Robots,
        store: PictureStore,
        decoding: threading.BoundedSemaphore,
        stopped: threading.Event,
        tell: Callable[[Rest], None],
    ) -> None:
        self._client, self._robots, self._store = client, robots, store
        self._params = client.params
        self._decoding, self._stopped, self._tell = decoding, stopped, tell

    def fetch(self, job: Job) -> Row:
        """Fetch one URL within `scrape.deadline_s`, tries and all. Every end is a row.

        Raises StorageError, which is no fault of the URL.
        """
        row = self._fetch(job)
        return replace(row, crawl_delay_s=self._robots.crawl_delay_s(job.host))

    def _fetch(self, job: Job) -> Row:
        started = time.monotonic()
        tried_at = clock.now()
        deadline_at = started + self._params.deadline_s
        failure = FetchFailedError("deadline", "did not end in time")
        attempts = 0
        again = True
        held = self._store.still(job.held)
        while again:
            attempts += 1
            try:
                answer, facts = self._try(job.url, held, deadline_at)
            except ImageRejectedError as error:
                failure = FetchFailedError(error.status, error.what, http_code=200)
                again = False
            except FetchFailedError as error:
                # A try that an earlier one left too little time for does not say what is wrong.
                failure = failure if error.status == "deadline" else error
                again = self._wait(job.host, error, attempts, deadline_at)
            else:
                same = facts.sha256 == held.sha256
                return Row(
                    url_id=job.url_id,
                    host=job.host,
                    status="not_modified" if same else "ok",
                    http_code=answer.http_code,
                    final_url=redact(answer.final_url),
                    etag=_header(answer, "ETag"),
                    last_modified=_header(answer, "Last-Modified"),
                    attempts=attempts,
                    ms=_ms_since(started),
                    tried_at=tried_at,
                    picture=None if same else facts,
                )
        return Row(
            url_id=job.url_id,
            host=job.host,
            status=failure.status,
            detail=failure.what,
            http_code=failure.http_code,
            attempts=attempts,
            ms=_ms_since(started),
            tried_at=tried_at,
            retry_after_s=failure.retry_after_s,
        )

    def _try(self, url: str, held: Held, deadline_at: float) -> tuple[Answer, Picture]:
        terms = self._robots.terms(deadline_at, picture.judge_magic, _conditions(held))
        answer = self._client.get(url, terms, deadline_at)
        with self._decoding:
            facts = picture.examine(
                answer.body, max_pixels=self._params.max_pixels, min_side_px=self._params.min_side_px
            )
        self._store.keep(facts, answer.body)
        return answer, facts

    def _wait(self, host: str, error: FetchFailedError, attempts: int, deadline_at: float) -> bool:
        """Wait before the next try; False when there is no sense in one."""
        if not error.may_pass or attempts > self._params.retries:
            return False
        if error.retry_after_s > MAX_HOLD_S:
            return False  # the host is given up, as it is when the deadline is nearer than that
        # Full jitter: many clients that failed together must not come back together.
        jitter_s = random.uniform(0, self._params.backoff_s * 2**attempts)  # noqa: S311 - no secret
        pause_s = max(error.retry_after_s, jitter_s)
        if time.monotonic() + pause_s >= deadline_at:
            return False
        if error.retry_after_s:
            self._tell(Rest(host, error.retry_after_s))
        return not self._stopped.wait(pause_s)


def _conditions(held: Held) -> dict[str, str]:
    """Ask only for what has changed since."""
    marks = {"If-None-Match": held.etag, "If-Modified-Since": held.last_modified}
    return {name: mark for name, mark in marks.items() if mark}


def _header(answer: Answer, name: str) -> str | None:
    value = answer.headers.get(name)
    return value[:_HEADER_CHARS] if value else None


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
