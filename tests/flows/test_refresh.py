"""The refresh flow as a user starts it, on a list full of secrets."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import commands
import pytest
from pages import Pages, pages, photo

from wreck_core import files
from wreck_core.layout import Layout

ORIGIN = "http://web.example/"
SECRETS = 200
CANARY = re.compile(rb"CANARY-(moved-)?\d")
NAMES = (
    *("sig", "token", "X-Amz-Signature", "X-Amz-Credential", "key", "access_token", "api_key", "password"),
    *("X-Goog-Signature", "session", "auth", "jwt", "Policy", "secret", "hmac", "client_secret"),
)
SHAPES = (
    "{origin}{n}.jpg?{name}={canary}",
    "{origin}{n}.jpg?w=10&{name}={canary}&h=20",
    "{origin}{n}.jpg#{name}={canary}",
    "{origin}moved{n}?{name}={canary}",
    "{origin}missing{n}?{name}={canary}",
    "http://user:{canary}@web.example/{n}.jpg",
    "https://{canary}@web.example:443/{n}.jpg",
    "http://nowhere{n}.invalid/{n}.jpg?{name}={canary}",
    "{origin}{n}.jpg?next=https%3A%2F%2Fu%3A{canary}%40other.example%2F",
    "ftp://u:{canary}@web.example/{n}.jpg?{name}={canary}",
)


@pytest.fixture
def web() -> Iterator[Pages]:
    with pages() as web:
        web.bodies = {f"/{n}.jpg": photo(n) for n in range(SECRETS)}
        web.redirects = {f"/moved{n}": f"{ORIGIN}{n}.jpg?token=CANARY-moved-{n}" for n in range(SECRETS)}
        yield web


def canary_urls() -> list[str]:
    return [
        SHAPES[n % len(SHAPES)].format(
            origin=ORIGIN, n=n, name=NAMES[n % len(NAMES)], canary=f"CANARY-{n:03d}"
        )
        for n in range(SECRETS)
    ]


def everything_in_git(root: Path) -> bytes:
    return subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch"], cwd=root, check=True, capture_output=True
    ).stdout


@pytest.mark.slow
def test_two_hundred_secrets_stay_in_the_list(
    tmp_path: Path, checkout: Callable[[Path], Path], web: Pages
) -> None:
    root = checkout(tmp_path)
    layout = Layout(root)
    for shipped in layout.url_lists.iterdir():
        shipped.unlink()
    # Short chunks, so that the lanes have processes of their own.
    layout.params.write_text(layout.params.read_text().replace("chunk_urls: 200", "chunk_urls: 10"))
    secrets = layout.url_lists / "secrets.txt"
    secrets.write_text("".join(f"{url}\n" for url in canary_urls()))

    mirror = "=".join(web.mirror(ORIGIN))
    done = [
        commands.run(root, "python", "-m", "flows", "refresh", "--map", mirror),
        commands.run(
            root, "wreck", "--debug", "scrape", str(secrets), "--map", mirror, "--retry", "http_4xx"
        ),
        commands.run(root, "wreck", "status"),
    ]
    for process in done:
        assert process.returncode == 0, process.stderr
        assert not CANARY.search((process.stdout + process.stderr).encode())

    statuses = files.read_json(layout.scrape_json)["statuses"]
    assert statuses == {"ok": 100, "http_4xx": 20, "dns": 20, "bad_url": 60}
    subject = subprocess.run(["git", "log", "-1", "--format=%s"], cwd=root, capture_output=True, check=True)
    assert subject.stdout.startswith(b"Refresh the dataset: +")
    held = [path for path in root.rglob("*") if path.is_file() and CANARY.search(path.read_bytes())]
    assert held == [secrets]
    in_git = everything_in_git(root)
    assert b"web.example" in in_git
    assert not CANARY.search(in_git)
