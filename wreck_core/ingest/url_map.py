"""The operator's own mirror: URLs that start with FROM are read from TO, and stay FROM's in every row."""

from urllib.parse import urlsplit

from wreck_core.errors import UsageError


def parse(text: str) -> tuple[str, str]:
    """Read `FROM=TO`: two prefixes of http(s) URLs, FROM without a query.

    Raises UsageError.
    """
    # FROM may itself hold a "=" only after a "?", so the cut is before TO's scheme.
    for scheme in ("http://", "https://"):
        source, found, rest = text.partition(f"={scheme}")
        if found and source.startswith(("http://", "https://")) and _is_place(f"{scheme}{rest}"):
            return source, f"{scheme}{rest}"
    raise UsageError(
        f"--map {text!r} is not FROM=TO with two http(s) prefixes",
        fix="write for example --map https://example.com/=http://127.0.0.1:8000/",
    )


def _is_place(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0 and not parts.username
    except ValueError:
        return False


class UrlMap:
    """Prefix pairs (FROM, TO); the longest FROM that fits is taken."""

    def __init__(self, pairs: tuple[tuple[str, str], ...]) -> None:
        self._pairs = sorted(pairs, key=lambda pair: (-len(pair[0]), pair))

    def forward(self, url: str) -> str | None:
        """Say where `url` is read from, or None when no FROM fits."""
        for source, target in self._pairs:
            if _within(url, source):
                return target + url[len(source) :]
        return None

    def back(self, url: str) -> str | None:
        """Say which URL the mirror's `url` stands for, or None when it is in no TO."""
        for source, target in self._pairs:
            if _within(url, target):
                return source + url[len(target) :]
        return None


def _within(url: str, prefix: str) -> bool:
    """Whether `prefix` ends where a part of `url` ends: http://a must not fit http://ab or http://a:1."""
    rest = url.removeprefix(prefix)
    if rest == url:
        return False
    return not rest or prefix.endswith("/") or rest[0] in "/?"
