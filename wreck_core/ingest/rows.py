"""What goes to a fetching thread or process, and what comes back. Both can be pickled."""

from dataclasses import dataclass

from wreck_core.ingest.picture import Picture


@dataclass(frozen=True)
class Held:
    """What a URL gave when it was last asked: its picture, and the marks by which its host knows it."""

    sha256: str | None = None
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Job:
    """One URL to fetch: normalised and whole, secrets and all, so it is never stored or shown."""

    url_id: str
    url: str
    host: str
    held: Held = Held()


@dataclass(frozen=True)
class Row:
    """How one URL ended. `ms` is its whole time, waits between tries included; times are UTC.

    `detail` and `final_url` hold no secrets. `picture` is there when, and only when, `status` is `ok`.
    """

    url_id: str
    host: str
    status: str
    detail: str = ""
    http_code: int | None = None
    final_url: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    attempts: int = 0
    ms: int = 0
    tried_at: str | None = None
    picture: Picture | None = None
    retry_after_s: float = 0.0
    crawl_delay_s: float = 0.0  # what its host's robots.txt asks for


@dataclass(frozen=True)
class Rest:
    """A host wants to be left alone; the URL that was told so is not at its end, and will be tried again."""

    host: str
    pause_s: float
