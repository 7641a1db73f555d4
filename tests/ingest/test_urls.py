import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreck_core.errors import UsageError
from wreck_core.ingest import url_map
from wreck_core.ingest.url_map import UrlMap
from wreck_core.ingest.urls import host_of, normalise, redact

CANARY = "c4n4ryc4n4ry"
WORD = st.text("abcXYZ012-_.~ üß%/", max_size=12)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("HTTP://Example.COM", "http://example.com/"),
        ("http://example.com:80/a", "http://example.com/a"),
        ("https://example.com:443/a?b=1#top", "https://example.com/a?b=1"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("http://example.com/a b.jpg", "http://example.com/a%20b.jpg"),
        ("http://example.com/%7Euser/%e4", "http://example.com/~user/%E4"),
        ("http://bücher.example/ü.jpg", "http://xn--bcher-kva.example/%C3%BC.jpg"),
        ("http://[2606:4700::1]:80/", "http://[2606:4700::1]/"),
        ("  http://example.com/\r", "http://example.com/"),
    ],
)
def test_one_place_has_one_name(written: str, normal: str) -> None:
    assert normalise(written) == normal


@given(st.text(max_size=60) | st.builds("http://{}/{}?{}".format, WORD, WORD, WORD))
def test_normalising_again_changes_nothing_and_leaves_no_control_characters(text: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        return  # such lines never pass the list reader
    once = normalise(text)
    assert normalise(once) == once
    assert not any(character < " " for character in once)
    host_of(once)
    redact(once)


@given(st.from_regex(r"[a-z0-9.\-]{1,9}", fullmatch=True), st.text("aZ09-_.~/+,;:=&@?#%[]!", max_size=12))
def test_a_url_that_is_normal_as_it_comes_is_named_as_any_other(host: str, rest: str) -> None:
    # A default port must be taken away, so this one is taken apart and put together again.
    taken_apart = normalise(f"http://{host}:80/{rest}")
    assert normalise(f"http://{host}/{rest}") == taken_apart
    assert host_of(taken_apart) == host


@given(st.from_regex(r"[a-z0-9.\-]{1,9}", fullmatch=True), st.integers(0, 99_999).map(str) | st.just("0080"))
def test_a_port_is_written_as_any_other_way_leads_to_it(host: str, port: str) -> None:
    # A scheme in capitals is never normal as it comes.
    taken_apart = normalise(f"HTTP://{host}:{port}/1.jpg")
    assert normalise(f"http://{host}:{port}/1.jpg") in (taken_apart, taken_apart.replace("HTTP", "http"))
    assert host_of(normalise(f"http://{host}:{port}/1.jpg")) == host_of(taken_apart)


@pytest.mark.parametrize(
    "url",
    [
        f"https://user:{CANARY}@example.com/a.jpg",
        f"https://{CANARY}@example.com/a.jpg",
        f"https://user:pa@ss{CANARY}@example.com/a.jpg",
        f"https://user:pa/{CANARY}@example.com/a.jpg",
        f"user:{CANARY}@example.com/a.jpg",
        f"https:\\\\user:{CANARY}@example.com/",
        f"https://bucket.example/a.jpg?X-Amz-Signature={CANARY}&X-Amz-Date=1",
        f"https://bucket.example/a.jpg?X-Amz-Security-Token={CANARY}",
        f"https://bucket.example/a.jpg?X-Amz-Credential={CANARY}%2F2026",
        f"https://blob.example/a.jpg?sv=1&sig={CANARY}",
        f"https://cdn.example/a.jpg?Policy={CANARY}&Key-Pair-Id={CANARY}",
        f"https://api.example/a?key={CANARY}",
        f"https://api.example/a?api_key={CANARY}",
        f"https://api.example/a?apikey={CANARY}",
        f"https://api.example/a?access_token={CANARY}",
        f"https://api.example/a;jsessionid={CANARY}",
        f"https://api.example/a?auth={CANARY}#token={CANARY}",
        f"https://api.example/a?%74oken={CANARY}",
        f"https://api.example/a?password={CANARY}&w=2",
        f"https://proxy.example/?url=https%3A%2F%2Fuser%3A{CANARY}%40example.com%2F",
        f"https://proxy.example/?url=https%3A%2F%2Fblob.example%2F%3Fsig%3D{CANARY}",
    ],
)
def test_secrets_are_redacted(url: str) -> None:
    assert CANARY not in redact(url)
    assert CANARY not in redact(normalise(url))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/image@2x.jpg",
        "https://example.com/a.jpg?w=200&h=100&page=3",
        "https://example.com/design.jpg?monkey=1&design=2",
    ],
)
def test_what_is_no_secret_stays(url: str) -> None:
    assert redact(url) == url


def test_a_mirror_maps_by_whole_parts_and_back() -> None:
    mirror = UrlMap(
        (url_map.parse("https://a.example=http://127.0.0.1:8000/a"), ("https://b.example/x/", "http://m/"))
    )
    assert mirror.forward("https://a.example/1.jpg?q=1") == "http://127.0.0.1:8000/a/1.jpg?q=1"
    assert mirror.back("http://127.0.0.1:8000/a/1.jpg") == "https://a.example/1.jpg"
    assert mirror.forward("https://a.example.evil/1.jpg") is None
    assert mirror.forward("https://a.example:8443/1.jpg") is None
    assert mirror.back("http://127.0.0.1:8000/ab") is None
    assert mirror.forward("https://b.example/x/y.jpg") == "http://m/y.jpg"
    assert mirror.forward("https://b.example/z") is None


@pytest.mark.parametrize(
    "text", ["", "a", "http://a=b", "a=http://b", "http://a=ftp://b", "http://a=http://"]
)
def test_a_wrong_map_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        url_map.parse(text)
