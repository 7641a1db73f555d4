"""Parsers of what strangers, machines and other versions wrote: any bytes are taken, or are one error."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from bad_web import MAGIC, WEB, Connection, RawServer, photo
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from wreck_core import params as params_module
from wreck_core.errors import InputError, WreckError
from wreck_core.ingest.crew import Assignment, Threads
from wreck_core.ingest.outcome import STATUSES
from wreck_core.ingest.pool import fetch_all
from wreck_core.ingest.rows import Job
from wreck_core.ingest.urls import host_of, url_id
from wreck_core.labeling import export, rebuild
from wreck_core.labeling.room import Room
from wreck_core.labeling.session import Picture
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout
from wreck_core.params import Params

SHA = "ab" * 32
EVENT = {
    **{
        "uid": "a1",
        "sha256": SHA,
        "round": "primary",
        "annotator": "ann",
        "kind": "label",
        "label": "damaged",
    },
    **{
        "x": 0.1,
        "y": 0.1,
        "w": 0.5,
        "h": 0.5,
        "flags": "blurry",
        "note": "",
        "undoes": None,
        "shown_ms": 700,
    },
    **{"suggested": None, "score": None, "hint_shown": 0, "at": "2026-01-02T03:04:05Z", "strategy": "fifo"},
    "gold": None,
}
ROW = {
    **{"sha256": SHA, "label": "damaged", "annotator": "ann", "round": "primary", "n_votes": "1"},
    **{"agreement": "1.0", "x": "", "y": "", "w": "", "h": "", "flags": "", "selection": "fifo"},
    **{"labeled_at": "2026-01-02T03:04:05Z", "votes": ""},
}
TEXT = st.text(max_size=12) | st.sampled_from(["a1", "undo", "skip", "import", "adjudicate", "repeat", SHA])
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)
events = st.dictionaries(st.sampled_from(list(EVENT)), VALUE, max_size=3).map(lambda odd: EVENT | odd)
logs = st.lists(events, max_size=4).map(
    lambda told: "".join(json.dumps(event) + "\n" for event in told).encode()
) | st.binary(max_size=100)
tables = st.lists(st.dictionaries(st.sampled_from(list(ROW)), TEXT, max_size=3), max_size=4).map(
    lambda odd: "\n".join([",".join(ROW), *(",".join((ROW | row).values()) for row in odd)]).encode(
        "utf-8", "surrogatepass"
    )
) | st.binary(max_size=100).map(lambda data: ",".join(ROW).encode() + b"\n" + data)


def opened(folder: Path, name: str, data: bytes) -> bool:
    """Whether a store is made of a file in an empty workspace, and can be written out again."""
    shutil.rmtree(folder, ignore_errors=True)
    layout = Layout(folder)
    layout.state.mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "data" / name).write_bytes(data)
    try:
        store = rebuild.open_store(layout)
    except WreckError as error:
        assert error.where
        assert not [path for path in layout.state.iterdir() if path != layout.locks], (
            "it left something behind"
        )
        return False
    with store:
        written = export.write(layout, store)
    layout.label_db.unlink()
    with rebuild.open_store(layout) as again:
        assert export.write(layout, again) == written
    return True


@settings(max_examples=150)
@given(logs)
@example(b"[" * 100_000)
@example(b"\xff\xfe{}\n")
@example(json.dumps(EVENT | {"shown_ms": 1 << 70}).encode() + b"\n")
@example(json.dumps(EVENT | {"note": "\ud800"}).encode() + b"\n")
@example(json.dumps(EVENT | {"undoes": "a1", "kind": "undo"}).encode() + b"\n")
def test_any_bytes_are_a_label_log_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    opened(tmp_path_factory.getbasetemp() / "log", "label_events.jsonl", data)


@settings(max_examples=150)
@given(tables)
@example(",".join(ROW).encode() + b"\n" + b"x" * 200_000)
@example(",".join(ROW).encode() + f"\n{SHA}\n".encode())
@example(b"\xff\xfe\0")
def test_any_bytes_are_labels_csv_or_one_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    opened(tmp_path_factory.getbasetemp() / "table", "labels.csv", data)


def test_the_files_that_are_changed_here_are_whole_without_a_change(tmp_path: Path) -> None:
    assert opened(tmp_path / "a", "label_events.jsonl", json.dumps(EVENT).encode() + b"\n")
    assert opened(tmp_path / "b", "labels.csv", f"{','.join(ROW)}\n{','.join(ROW.values())}\n".encode())


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("room")
    labels = params_module.load(Path(__file__).parents[2] / "params.yaml").labels
    names = [f"{number:064x}" for number in range(40)]
    found = {name: Picture(folder / f"{name}.jpg") for name in names}
    with Store(folder / "labels.db") as store:
        store.enqueue([(name, 0.0) for name in names], "primary", "fifo")
        yield Room(store, lambda: found, "primary", labels)


VERBS = [
    *("open", "mark", "label", "skip", "undo", "back", "forward", "hints", "grid", "accept"),
    *("single", "leave"),
]
FACTS = {
    "uid": TEXT,
    "shown": st.sampled_from([f"{number:064x}" for number in range(3)]) | TEXT,
    "label": st.sampled_from(["damaged", "reject"]) | TEXT,
    "box": st.lists(st.floats(0, 1) | VALUE, min_size=4, max_size=4) | VALUE,
    "flags": st.lists(st.sampled_from(["blurry"]) | TEXT, max_size=3) | VALUE,
    "note": TEXT | VALUE,
    "hints": VALUE,
    "shown_ms": st.integers(0, 9) | VALUE,
    "pictures": VALUE,
    "odd": VALUE,
}
questions = st.fixed_dictionaries(
    {"as": st.sampled_from(["ann", "ben"]) | TEXT, "do": st.sampled_from(VERBS)}, optional=FACTS
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(questions | VALUE)
@example({"as": "ann", "do": "label", "note": "\ud800"})
def test_any_json_is_a_question_to_the_labelling_page_or_one_error(room: Room, question: object) -> None:
    try:
        told = room.answer(json.loads(json.dumps(question)))
    except InputError as error:
        told = {"error": error.reason}
    json.dumps(told, allow_nan=False).encode()


NAMES = [
    *("Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding", "Location", "Retry-After"),
    *("X-Robots-Tag", "ETag", "Last-Modified", "Connection", "Set-Cookie", "Keep-Alive", "", " ", "Bad Name"),
]
WORDS = [
    *(b"", b"0", b"-1", b"99999999999999999999", b"1e9", b"nan", b"inf", b"2, 3", "\u0663".encode()),
    *(b"chunked", b"chunked, chunked", b"gzip", b"identity", b"close", b"keep-alive", b"noai"),
    *(b"/good", b"//", b"http://[", b"http://127.0.0.1:1/", b"Fri, 31 Dec 9999 23:59:59 GMT"),
    *(b"\xff\xfe", b"a" * 9000, b"\t", b"\x00", b"a\rb", b"%00"),
]
STARTS = [
    *(b"HTTP/1.1 200 OK", b"HTTP/1.0 200", b"HTTP/1.1 302 x", b"HTTP/1.1 206 x", b"HTTP/1.1 503 x"),
    *(b"HTTP/1.1 304 x", b"HTTP/9.9 200 OK", b"HTTP/1.1 100 Continue", b"HTTP/1.1 99999 x"),
]
header = st.tuples(
    st.sampled_from(NAMES).map(str.encode) | st.binary(max_size=8),
    st.sampled_from([b": ", b":", b"", b" : ", b":\r\n "]),
    st.sampled_from(WORDS) | st.binary(max_size=20),
).map(b"".join)
heads = st.tuples(
    st.sampled_from(STARTS) | st.binary(max_size=30),
    st.lists(header, max_size=6).map(b"\r\n".join),
    st.sampled_from([b"\r\n\r\n", b"\n\n", b"\r\n", b""]),
    st.sampled_from([b"", MAGIC, photo(1), b"5\r\nhello\r\n0\r\n\r\n"]),
).map(lambda parts: parts[0] + b"\r\n" + parts[1] + parts[2] + parts[3])
ANSWERS = 8  # at once


@pytest.mark.parametrize("examples", [10, pytest.param(300, marks=pytest.mark.slow)])
def test_any_head_of_an_answer_is_a_row_with_a_status(
    layout: Layout, params: Params, examples: int, record_property: Callable[[str, object], None]
) -> None:
    came: set[str] = set()
    served: list[bytes] = [b""]

    def behave(path: str, connection: Connection) -> None:
        number = path[1:].removesuffix(".jpg")
        connection.send(served[int(number) if number.isdecimal() else 0])

    server = RawServer(behave)
    impatient = {"read_timeout_s": 0.5, "deadline_s": 1.5, "retries": 0, "breaker": 10**9, "backoff_s": 0.01}
    scrape = params.scrape.model_copy(update=impatient | {"threads": ANSWERS, "per_host": ANSWERS})

    @settings(max_examples=examples, deadline=None, database=None)
    @given(st.lists(heads, min_size=ANSWERS, max_size=ANSWERS))
    def fetch(answers: list[bytes]) -> None:
        served[:] = answers
        urls = [f"{WEB}{number}.jpg" for number in range(ANSWERS)]
        jobs = (Job(url_id(url), url, host_of(url)) for url in urls)
        mirrors = ((WEB, f"http://127.0.0.1:{server.port}/"),)
        with closing(Threads(Assignment(scrape, layout, mirrors, False))) as crew:
            rows = [row for batch in fetch_all(jobs, crew) for row in batch]
        assert len(rows) == ANSWERS
        for row in rows:
            assert row.status in STATUSES
            assert (row.status == "ok") == (row.picture is not None)
            assert 0 <= row.retry_after_s < float("inf")
            assert not row.final_url or row.final_url.isprintable()
        came.update(row.status for row in rows)

    with closing(server):
        fetch()
    if examples > 100:
        assert {"ok", "conn_broken", "http_5xx"} <= came
        figures = f"{examples * ANSWERS:,} answers with any head, {len(came)} statuses: 0 crashes"
        record_property("R5", figures)
