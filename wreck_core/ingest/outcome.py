"""How a URL can end: the closed set of statuses, one per URL, and the error that carries one."""

from collections.abc import Set
from difflib import get_close_matches

from wreck_core.errors import UsageError, WreckError

# In the order of the closing table. `placeholder` is told from `ok` only when all URLs are seen.
STATUSES = (
    "ok",
    "not_modified",
    "http_4xx",
    "http_5xx",
    "dns",
    "refused",
    "connect_timeout",
    "read_timeout",
    "deadline",
    "tls",
    "conn_broken",
    "redirect_loop",
    "bad_url",
    "blocked_address",
    "too_big",
    "bad_encoding",
    "not_image",
    "too_many_pixels",
    "too_small",
    "decode_failed",
    "robots_txt",
    "robots_tag",
    "host_skipped",
    "placeholder",
    "blocklisted",
)

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
