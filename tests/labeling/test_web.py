"""The labelling page's server, spoken to by raw sockets: what it gives, and what it refuses."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wreck_core import images
from wreck_core.labeling.room import Room
from wreck_core.labeling.session import Picture
from wreck_core.labeling.store import Store
from wreck_core.labeling.web import LabelServer
from wreck_core.params import Params

TURNED = 6  # EXIF orientation: to be turned right by a quarter
EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes([TURNED]) + b"\0\0\0\0\0\0"


def turned(jpeg: bytes) -> bytes:
    """Give a JPEG an orientation, and a name that is nobody's business."""
    block = EXIF + b"taken by a person"
    return jpeg[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + jpeg[2:]


@pytest.fixture
def server(store: Store, pictures: dict[str, Path], params: Params) -> Iterator[LabelServer]:
    found = {sha256: Picture(path) for sha256, path in pictures.items()}
    with LabelServer(Room(store, lambda: found, "primary", params.labels), ("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def request(
    server: LabelServer, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Ask as the page does, its cookie and all, but for what `headers` say."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    own = {"Cookie": f"wreck_{server.server_port}={server.token}", "Content-Type": "application/json"}
    told = own | {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET" if body is None else "POST", path, body, told)
    answer = connection.getresponse()
    status, given, data = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return status, given, data


def ask(server: LabelServer, do: str, **facts: Any) -> tuple[int, Any]:
    status, _, data = request(server, "/decide", json.dumps({"as": "ann", "do": do, **facts}).encode())
    return status, json.loads(data)


def test_the_page_brings_all_it_needs_and_may_load_nothing_else(server: LabelServer) -> None:
    _, headers, page = request(server, "/")
    policy = page.decode().partition('Content-Security-Policy" content="')[2].partition('"')[0]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    kinds = {"label.js": "text/javascript", "label.css": "text/css", "icon.svg": "image/svg+xml"}
    for name, kind in kinds.items():
        status, headers, data = request(server, f"/{name}")
        assert (status, headers["Content-Type"]) == (200, f"{kind}; charset=utf-8")
        assert b"http://" not in data.replace(b"http://www.w3.org/2000/svg", b"")
        assert b"https://" not in data


def test_a_picture_comes_upright_and_bare_at_the_size_asked_for(
    server: LabelServer, pictures: dict[str, Path]
) -> None:
    sha256, path = next(iter(pictures.items()))
    path.write_bytes(turned(images.encode(np.full((600, 2400, 3), 90, np.uint8), "jpg")))
    ask(server, "open")
    sizes = {"thumb": (480, 120), "screen": (1600, 400), "whole": (2400, 600)}
    for size, (height, width) in sizes.items():
        status, headers, data = request(server, f"/picture/{sha256}/{size}")
        assert (status, headers["Content-Type"]) == (200, "image/jpeg")
        assert images.decode(data).shape == (height, width, 3)
        assert b"Exif" not in data
        assert b"person" not in data


def test_only_pictures_that_somebody_was_offered_are_given(
    server: LabelServer, pictures: dict[str, Path]
) -> None:
    order = list(pictures)
    assert request(server, f"/picture/{order[0]}/screen")[0] == 404
    ask(server, "open")
    assert [request(server, f"/picture/{sha256}/screen")[0] for sha256 in order[:4]] == [200, 200, 200, 404]


@pytest.mark.parametrize(
    "path",
    [
        "/picture/../../params.yaml/screen",
        "/picture/..%2f..%2fparams.yaml/screen",
        "/picture//etc/passwd",
        "/picture/{sha}",
        "/picture/{sha}/huge",
        "/picture/{sha}/screen/..",
        "/picture/{sha}.jpg/screen",
        "/../room.py",
        "/room.py",
        "/index.html",
        "/%00",
        "/__init__.py",
        "/label.js/",
    ],
)
def test_no_path_leads_elsewhere(server: LabelServer, pictures: dict[str, Path], path: str) -> None:
    ask(server, "open")
    status, _, data = request(server, path.replace("{sha}", next(iter(pictures))))
    assert status == 404
    assert b"there is nothing here" in data


@pytest.mark.parametrize(
    "data", [b"", b"<svg onload=alert(1)>", b"<script>alert(1)</script>", b"\xff\xd8\xff"]
)
def test_what_is_no_picture_never_reaches_the_browser_and_can_only_be_rejected(
    server: LabelServer, pictures: dict[str, Path], data: bytes
) -> None:
    sha256, path = next(iter(pictures.items()))
    path.write_bytes(data)
    ask(server, "open")
    status, headers, told = request(server, f"/picture/{sha256}/screen")
    assert (status, headers["Content-Type"]) == (422, "application/json; charset=utf-8")
    assert b"alert" not in told
    assert ask(server, "label", shown=sha256, label="damaged")[0] == 400
    assert ask(server, "label", shown=sha256, label="reject")[0] == 200


def test_a_picture_that_is_back_again_can_be_labelled(server: LabelServer, pictures: dict[str, Path]) -> None:
    sha256, path = next(iter(pictures.items()))
    data = path.read_bytes()
    path.unlink()
    ask(server, "open")
    assert request(server, f"/picture/{sha256}/screen")[0] == 503
    path.write_bytes(data)
    assert request(server, f"/picture/{sha256}/screen")[0] == 200
    assert ask(server, "label", shown=sha256, label="damaged")[0] == 200


def test_each_hostile_request_is_refused_and_nothing_is_written(server: LabelServer, store: Store) -> None:
    shown = ask(server, "open")[1]["shown"]
    answer = json.dumps({"as": "ann", "do": "label", "shown": shown, "label": "damaged"}).encode()
    refused = {
        404: ({"Cookie": ""}, {"Cookie": f"wreck_{server.server_port}=wrong"}, {"Host": "evil.example"}),
        403: ({"Origin": "http://evil.example"}, {"Sec_Fetch_Site": "cross-site"}),
        400: ({"Content_Type": "text/plain"}, {"Content_Type": "application/x-www-form-urlencoded"}),
    }
    for status, hostile in refused.items():
        for headers in hostile:
            assert request(server, "/decide", answer, **headers)[0] == status, headers
    for body, status in ((b"{", 400), (b"[]", 400), (b"\xff", 400), (b" " * 5000, 413)):
        assert request(server, "/decide", body)[0] == status
    assert request(server, "/other", answer)[0] == 404
    assert list(store.events()) == []
    assert request(server, "/decide", answer)[0] == 200


def test_many_people_at_once_never_get_the_same_picture(
    server: LabelServer, store: Store, pictures: dict[str, Path]
) -> None:
    def label_all(name: str) -> None:
        told = ask(server, "open", **{"as": name})[1]
        while told["shown"]:
            facts = {"as": name, "shown": told["shown"], "label": "damaged"}
            told = ask(server, "label", **facts)[1]

    people = [threading.Thread(target=label_all, args=(name,)) for name in ("ann", "ben", "cleo", "dan")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(event["sha256"] for event in store.events()) == sorted(pictures)
