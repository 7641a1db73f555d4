"""How a URL can end: the closed set of statuses, one per URL, and the error that carries one."""

from collections.abc import Set
from difflib import get_close_matches

from wreck_core.errors import UsageError, WreckError

# With their meaning, in the order of the closing table. `placeholder` is told from `ok` only when all URLs
# are seen.
STATUSES = {
    "ok": "fetched, verified and stored",
    "not_modified": "asked again; what is stored is still what the site gives",
    "http_4xx": "the site refused: 400 to 499",
    "http_5xx": "the site failed: 500 to 599",
    "dns": "the host's name has no address",
    "refused": "the host takes no connection",
    "connect_timeout": "no connection within scrape.connect_timeout_s",
    "read_timeout": "silence for scrape.read_timeout_s",
    "deadline": "not done within scrape.deadline_s",
    "tls": "no valid certificate for the name, or no common encryption",
    "conn_broken": "the connection broke, or the body ended early",
    "redirect_loop": "more hops than scrape.max_redirects",
    "bad_url": "no URL, not http(s), with a password in it, or a port that is not in scrape.ports",
    "blocked_address": "the name leads to an address that is not public",
    "too_big": "more than scrape.max_bytes",
    "bad_encoding": "a compressed answer, though none was asked for",
    "not_image": "no JPEG, PNG, WebP, GIF or BMP",
    "too_many_pixels": "more than scrape.max_pixels",
    "too_small": "a side shorter than scrape.min_side_px",
    "decode_failed": "a picture by its head that cannot be decoded",
    "robots_txt": "the site's robots.txt forbids it",
    "robots_tag": "the answer's X-Robots-Tag forbids it",
    "host_skipped": "left out after scrape.breaker refusals of the host in a row",
    "placeholder": "one picture under scrape.placeholder_urls URLs or more: no photo of anything",
    "blocklisted": "taken down by wreck takedown; never fetched again",
}

_PASSING = frozenset({"http_5xx", "connect_timeout", "read_timeout", "conn_broken"})
_PASSING_CODES = frozenset({408, 425, 429})


def check_retry(statuses: Set[str]) -> None:
    """Raise UsageError when a status is none that a URL can be fetched again for."""
    choices = [status for status in STATUSES if status not in ("not_modified", "blocklisted")]
    for status in sorted(statuses - set(choices)):
        near = get_close_matches(status, choices, 1)
        raise UsageError(
            f"--retry {status}: there is no such status" + (f" (did you mean {near[0]}?)" if near else ""),
            fix=f"take some of: {', '.join(choices)}",
        )


class FetchFailedError(WreckError):
    """A URL gave no body; `status` is the word that goes into the row.

    `what` never quotes text that may hold a secret: it goes into the ledger and the reports.
    """

    def __init__(
        self, status: str, what: str, *, http_code: int | None = None, retry_after_s: float = 0.0
    ) -> None:
        super().__init__(what)
        self.status, self.http_code, self.retry_after_s = status, http_code, retry_after_s

    @property
    def may_pass(self) -> bool:
        """Whether another try may end otherwise."""
        return self.status in _PASSING or self.http_code in _PASSING_CODES
