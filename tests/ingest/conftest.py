"""Raw servers, and a fetch that gives rows by URL."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from bad_web import Connection, RawServer, answer, photo

from wreck_core.ingest.crew import Assignment, Threads
from wreck_core.ingest.pool import fetch_all
from wreck_core.ingest.rows import Job, Row
from wreck_core.ingest.urls import host_of, normalise, url_id
from wreck_core.layout import Layout
from wreck_core.params import Params, ScrapeParams


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[str, Connection], None]], RawServer]]:
    """Start raw servers that are closed at the end."""
    servers: list[RawServer] = []

    def start(behave: Callable[[str, Connection], None]) -> RawServer:
        servers.append(RawServer(behave))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def impatient(params: Params) -> ScrapeParams:
    """The shipped scrape section with a short patience and a small cap."""
    return params.scrape.model_copy(
        update={
            "connect_timeout_s": 1.0,
            "read_timeout_s": 0.5,
            "deadline_s": 1.5,
            "retries": 0,
            "backoff_s": 0.01,
            "max_bytes": 1_000_000,
            "threads": 16,
            "per_host": 16,
        }
    )


Fetch = Callable[..., dict[str, Row]]


@pytest.fixture
def fetch(layout: Layout) -> Fetch:
    """Fetch URLs and give their rows by URL."""

    def run(
        urls: list[str],
        scrape: ScrapeParams,
        mirrors: tuple[tuple[str, str], ...] = (),
        allow_private: bool = False,
    ) -> dict[str, Row]:
        jobs = {url: Job(url_id(normalise(url)), normalise(url), host_of(normalise(url))) for url in urls}
        with closing(Threads(Assignment(scrape, layout, mirrors, allow_private))) as crew:
            rows = {row.url_id: row for batch in fetch_all(iter(jobs.values()), crew) for row in batch}
        return {url: rows[job.url_id] for url, job in jobs.items()}

    return run


@pytest.fixture
def make_photo() -> Callable[..., bytes]:
    """JPEG bytes of a smooth random picture: `make_photo(seed, width, height)`."""
    return photo


@pytest.fixture
def make_answer() -> Callable[..., bytes]:
    """Bytes of a whole HTTP answer: `make_answer(body, *headers, code=200)`."""
    return answer
