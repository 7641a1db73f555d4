"""What strangers send is never held: the peak of a fetching process, whatever a server does."""

from collections.abc import Callable
from pathlib import Path

import peak
import pytest
from bad_web import EXPECTED, MAGIC, Connection, RawServer, answer, bad_web, photo

MOST_MB = 32
# One picture first, so that everything is imported and every pool is filled.
FETCH = """
from contextlib import closing
from wreck_core import params
from wreck_core.ingest.crew import Assignment, Threads
from wreck_core.ingest.pool import fetch_all
from wreck_core.ingest.rows import Job
from wreck_core.ingest.urls import host_of, url_id
from wreck_core.layout import Layout

layout = Layout(Path(asked["root"]))
settings = params.load(layout.params).scrape.model_copy(update=asked["settings"])
mirrors = (("http://web.example/", asked["mirror"]),)

def fetch(names):
    urls = {url_id(url): (name, url) for name in names for url in [f"http://web.example/{name}"]}
    jobs = (Job(key, url, host_of(url)) for key, (_, url) in urls.items())
    with closing(Threads(Assignment(settings, layout, mirrors, False))) as crew:
        rows = [row for batch in fetch_all(jobs, crew) for row in batch]
    return {urls[row.url_id][0]: [row.status, row.ms] for row in rows}

fetch(["good"])
begin()
rows = fetch(asked["names"])
print(json.dumps({"rows": rows, "grown_mb": grown_mb()}))
"""


def test_every_fault_of_a_server_at_once_takes_little_memory(
    layout: object, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    server = bad_web()
    settings = {"read_timeout_s": 0.5, "deadline_s": 1.5, "retries": 0, "max_bytes": 1_000_000}
    settings |= {"threads": 8, "per_host": 8}
    mirror = f"http://127.0.0.1:{server.port}/"
    told = peak.run(FETCH, root=str(tmp_path), settings=settings, mirror=mirror, names=list(EXPECTED))
    server.close()
    assert {name: status for name, (status, _) in told["rows"].items()} == EXPECTED
    assert told["grown_mb"] < MOST_MB
    record_property("R5", f"peak of memory +{told['grown_mb']:.0f} MB with 8 of them at a time")


@pytest.mark.parametrize("said", ["Content-Length: 10000000000", "Connection: close"])
def test_a_body_of_ten_gigabytes_is_cut_off_at_the_cap_of_the_shipped_settings(
    said: str, layout: object, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    sent: list[int] = []

    def behave(path: str, connection: Connection) -> None:
        if path == "/good":
            connection.send(answer(photo(1)))
            return
        try:
            connection.send(f"HTTP/1.1 200 OK\r\n{said}\r\n\r\n".encode() + MAGIC)
            connection.flood(bytes(65536), 10_000_000_000)
        finally:
            sent.append(connection.sent_bytes)

    server = RawServer(behave)
    mirror = f"http://127.0.0.1:{server.port}/"
    told = peak.run(FETCH, root=str(tmp_path), settings={"retries": 0}, mirror=mirror, names=["body"])
    server.close()
    assert told["rows"]["body"][0] == "too_big"
    assert told["grown_mb"] < MOST_MB
    assert max(sent) < 64_000_000
    how = "announced" if "Length" in said else "without a length"
    figures = f"cut off after {max(sent) / 1e6:.1f} MB, peak of memory +{told['grown_mb']:.1f} MB"
    record_property("R6", f"10 GB {how}: {figures}")
