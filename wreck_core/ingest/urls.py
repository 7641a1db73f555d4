"""What a URL is called: its normal form, its identity, its host, and the form without secrets."""

import hashlib
import re
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from requests.utils import requote_uri

REDACTED = "REDACTED"

_DEFAULT_PORTS = {"http": 80, "https": 443}

# Query names whose value lets somebody in: signed links, API keys, sessions.
_SECRET_NAME = re.compile(
    r"(^|[^a-z])(sig|key|code|hmac|jwt|pwd|pw|sid|policy|auth)([^a-z]|$)"
    r"|signature|token|secret|passw|passphrase|apikey|accesskey|keyid|credential|session|authoriz|oauth",
    re.IGNORECASE,
)
_ESCAPE = re.compile("%[0-9a-f]{2}", re.IGNORECASE)
# Most URLs are in normal form as they come: one match says so, and which host they name.
_NORMAL = re.compile(
    r"https?://([a-z0-9.\-]+)(?::[1-9]\d{3})?(/[\w.~/+,;:=&@\-]*)(\?[\w.~/+,;:=&@?\-]+)?", re.ASCII
)
_TELLTALE = re.compile("[@?#;&]")
_PAIR = re.compile(r"([?&;#]|^)([^=&;#?]*)=([^&;#]*)")
_USERINFO = re.compile(r"^([a-z][a-z0-9+.\-]*:)?([/\\]{2,})[^/\\?#]*@", re.IGNORECASE)


def _escape(text: str) -> str:
    """Percent-encode what must be, decode what need not be, and write the digits in capitals."""
    return _ESCAPE.sub(lambda found: found.group().upper(), requote_uri(text))


def _split(text: str) -> SplitResult | None:
    """Split an http(s) URL with a host and a valid port; None when it is none."""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in _DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if valid else None


def normalise(url: str) -> str:
    """Write a URL in the one form that identifies it.

    Lower-case scheme and host (IDNA), no default port, no fragment, a path, canonical percent-escapes.
    Text that is no http(s) URL only gets its control characters and spaces escaped.
    """
    text = url.strip()
    if _NORMAL.fullmatch(text):
        return text
    parts = _split(text)
    if parts is None:
        return _escape(text)
    host = _ascii_host(parts.hostname or "")
    userinfo, at, _ = parts.netloc.rpartition("@")
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    place = f"{_escape(userinfo)}{at}{f'[{host}]' if ':' in host else host}{port}"
    return urlunsplit((parts.scheme, place, _escape(parts.path or "/"), _escape(parts.query), ""))


def _ascii_host(host: str) -> str:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return _escape(host)


def url_id(normal_url: str) -> str:
    """Identify a normalised URL, secrets and all: 32 hex digits of its SHA-256."""
    return hashlib.sha256(normal_url.encode("utf-8")).hexdigest()[:32]


def host_of(normal_url: str) -> str:
    """Host name of a normalised URL, without the port; empty when it is no http(s) URL."""
    if plain := _NORMAL.fullmatch(normal_url):
        return plain[1]
    parts = _split(normal_url)
    return (parts.hostname or "") if parts else ""


def redact(url: str) -> str:
    """Write a URL without userinfo and without the values of secret query parameters.

    Everything that is stored, logged or shown goes through here. Text whose host cannot be told is cut
    up to its last `@`, because anything before that may be a password.
    """
    if not _TELLTALE.search(url):
        return url
    text = _USERINFO.sub(r"\1\2", url)
    if "@" in text and _split(text) is None:
        text = f"{REDACTED}@{text.rpartition('@')[2]}"
    head, mark, tail = _cut(text)
    return head + _PAIR.sub(_redact_pair, mark + tail) if mark else text


def _cut(text: str) -> tuple[str, str, str]:
    """Cut before the query, the fragment, or path parameters, whichever comes first."""
    found = re.search(r"[?#;&]", text)
    return (text[: found.start()], found.group(), text[found.end() :]) if found else (text, "", "")


def _redact_pair(pair: re.Match[str]) -> str:
    mark, name, value = pair.groups()
    inner = unquote(value)
    secret = _SECRET_NAME.search(unquote(name)) or ("//" in inner and redact(inner) != inner)
    return f"{mark}{name}={REDACTED if secret and value else value}"
