import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from wreck_core.sample.mirror import mirror
from wreck_core.sample.site import HOSTS, MARKET, PHOTOS, Answer, Site
from wreck_core.sample.web import hosts


@pytest.fixture
def addresses() -> Iterator[dict[str, str]]:
    """Where each host is served."""
    answers = {
        (PHOTOS, "/cars/1.jpg"): Answer(b"one"),
        (MARKET, "/cars/1.jpg"): Answer(b"another"),
        (PHOTOS, "/moved.jpg"): Answer(code=301, location="/cars/1.jpg"),
        (PHOTOS, "/error.jpg"): Answer(b"try later", code=500),
    }
    with hosts(Site(answers, (), {})) as url_maps:
        yield dict(entry.split("=", 1) for entry in url_maps)


def get(url: str) -> tuple[int, str | None, bytes]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        return response.status, response.headers["Location"], response.read()
    finally:
        connection.close()


def test_every_host_has_an_entry_for_map(addresses: dict[str, str]) -> None:
    assert sorted(addresses) == sorted(f"http://{host}/" for host in HOSTS)
    assert all(to.startswith("http://127.0.0.1:") and to.endswith("/") for to in addresses.values())


def test_hosts_answer_apart(addresses: dict[str, str]) -> None:
    assert get(addresses[f"http://{PHOTOS}/"] + "cars/1.jpg") == (200, None, b"one")
    assert get(addresses[f"http://{MARKET}/"] + "cars/1.jpg") == (200, None, b"another")


def test_faults_are_answered_as_laid_out(addresses: dict[str, str]) -> None:
    photos = addresses[f"http://{PHOTOS}/"]
    assert get(photos + "error.jpg") == (500, None, b"try later")
    assert get(photos + "nothing.jpg")[0] == 404
    status, location, _ = get(photos + "moved.jpg")
    assert (status, location) == (301, f"/{PHOTOS}/cars/1.jpg")


def test_a_mirror_serves_the_files_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "positives").mkdir()
    (tmp_path / "positives" / "1.jpg").write_bytes(b"a photo")
    with mirror(tmp_path) as address:
        assert get(address + "positives/1.jpg")[2] == b"a photo"
        assert get(address + "positives/2.jpg")[0] == 404
