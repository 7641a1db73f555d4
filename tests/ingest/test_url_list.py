import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wreck_core.errors import InputError
from wreck_core.ingest import url_list
from wreck_core.ingest.url_list import Account, ListedUrl


def read(path: Path) -> tuple[list[ListedUrl], Account]:
    account = Account()
    listed = list(url_list.read(path, account))
    return listed, account


ROWS = [
    ListedUrl(2, "http://a.example/1.jpg", "damaged", "ab" * 32, "flickr", "CC0"),
    ListedUrl(3, "http://a.example/2.jpg", None, None, None, None),
]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz", ".tsv.gz"])
def test_tables_pass_their_columns_through(tmp_path: Path, suffix: str) -> None:
    mark = "\t" if "tsv" in suffix else ","
    lines = [
        mark.join(["Label", "URL", "sha256", "source", "license", "other"]),
        mark.join(["damaged", "http://a.example/1.jpg", "AB" * 32, "flickr", "CC0", "x"]),
        mark.join(["", "http://a.example/2.jpg"]),
    ]
    data = "\n".join(lines).encode()
    path = tmp_path / f"list{suffix}"
    path.write_bytes(gzip.compress(data) if suffix.endswith("gz") else data)
    listed, account = read(path)
    assert listed == ROWS
    assert account.lines == 3
    assert account.skipped == {"header": 1}


@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "parquet"])
def test_records_pass_their_columns_through(tmp_path: Path, kind: str) -> None:
    records = [
        {
            "url": "http://a.example/1.jpg",
            "label": "damaged",
            "sha256": "ab" * 32,
            "source": "flickr",
            "license": "CC0",
        },
        {"url": "http://a.example/2.jpg", "label": None},
    ]
    path = tmp_path / f"list.{kind}"
    if kind == "parquet":
        pd.DataFrame(records).to_parquet(path)
    else:
        text = "\n".join(json.dumps(record) for record in records).encode()
        path.write_bytes(gzip.compress(text) if kind.endswith("gz") else text)
    listed, account = read(path)
    assert [(row.url, row.label, row.license) for row in listed] == [
        ("http://a.example/1.jpg", "damaged", "CC0"),
        ("http://a.example/2.jpg", None, None),
    ]
    assert account.lines == 2


def test_nasty_lines_are_counted_with_their_number_and_none_is_fatal(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(
        b"\xef\xbb\xbfhttp://a.example/1.jpg\r\n"  # 1: a byte order mark and CRLF
        b"\r\n"  # 2
        b"# a comment\n"  # 3
        b"http://a.example/nul\0.jpg\n"  # 4
        b"http://a.example/\xff\xfe.jpg\n"  # 5
        + b"http://a.example/"
        + b"x" * 10_000_000
        + b"\n"  # 6
        + "http://a.example/\u2028\u0085\x0b\x0c.jpg\n".encode()  # 7: no line ends
        + b"http://a.example/"
        + b"y" * 9000
        + b"\n"  # 8
        + b"javascript:alert(1)\n"  # 9
        b"http://a.example/last.jpg"  # 10: no newline
    )
    listed, account = read(path)
    assert [row.line for row in listed] == [1, 7, 9, 10]
    assert listed[0].url == "http://a.example/1.jpg"
    assert account.lines == 10
    assert account.skipped == {"blank": 1, "comment": 1, "nul": 1, "not_utf8": 1, "too_long": 2}
    assert account.examples["too_long"] == [6, 8]


def test_a_stray_quote_spoils_its_own_line_only(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('url,label\nhttp://a/1,x\n"http://a/2,x\nhttp://a/3,x\n,x\n"http://a/5","a,b"\n')
    listed, account = read(path)
    assert [(row.line, row.url, row.label) for row in listed] == [
        (2, "http://a/1", "x"),
        (4, "http://a/3", "x"),
        (6, "http://a/5", "a,b"),
    ]
    assert account.skipped == {"header": 1, "bad_row": 1, "no_url": 1}


def test_json_that_is_no_record_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    lines = [
        '{"url": "http://a/1"}',
        "[1]",
        "{",
        '"x"',
        '{"url": 7}',
        '{"url": "http://a/\\ud800"}',
        "[" * 100_000,
    ]
    path.write_text("\n".join(lines))
    listed, account = read(path)
    assert [row.url for row in listed] == ["http://a/1", "7"]
    assert account.skipped == {"bad_row": 4, "not_utf8": 1}


def test_a_cut_gzip_file_gives_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "list.txt.gz"
    text = "".join(f"http://a.example/{number * 7919}.jpg\n" for number in range(50_000))
    data = gzip.compress(text.encode())
    path.write_bytes(data[: len(data) // 2])
    listed, account = read(path)
    assert listed
    assert account.skipped == {"unreadable": 1}
    assert account.lines == len(listed) + 1


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("list.pdf", b"x", "no kind of list"),
        ("list", b"x", "no kind of list"),
        ("list.csv", b"link,label\nhttp://a/1,x\n", "no column named url"),
        ("list.parquet", b"PAR1 not really", "no readable parquet"),
        ("list.txt.gz", b"", None),
        ("missing.txt", None, "no such list"),
    ],
)
def test_a_file_that_is_no_list_is_an_input_error(
    tmp_path: Path, name: str, data: bytes | None, words: str | None
) -> None:
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    if words is None:
        assert read(path)[0] == []
        return
    with pytest.raises(InputError, match=words) as caught:
        read(path)
    assert caught.value.where == str(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([".txt", ".csv", ".jsonl", ".tsv"]))
def test_every_line_is_a_url_or_counted(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"list{suffix}"
    path.write_bytes(b"url,label\n" * (suffix == ".csv") + b"url\n" * (suffix == ".tsv") + data)
    listed, account = read(path)
    assert account.lines == len(listed) + sum(account.skipped.values())
    assert all("\0" not in row.url and row.url.encode() for row in listed)


def test_a_hundred_thousand_hostile_lines_are_counted_exactly(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    cycle = [
        b"http://a.example/%d.jpg",
        b"",
        b"# %d",
        b"http://a.example/nul\0%d.jpg",
        b"http://a.example/\xff%d.jpg",
        b"http://a.example/" + b"x" * 9000 + b"%d",
        b"javascript:alert(%d)",
        "http://a.example/\u2028%d.jpg".encode(),
        b"../../etc/passwd%d",
        b"http://[/foo]%d",
    ]
    path = tmp_path / "list.txt.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for number in range(100_000):
            line = cycle[number % len(cycle)]
            file.write((line % number if b"%d" in line else line) + b"\n")
    account = Account()
    assert sum(1 for _ in url_list.read(path, account)) == 50_000
    assert account.lines == 100_000
    assert account.skipped == dict.fromkeys(("blank", "comment", "nul", "not_utf8", "too_long"), 10_000)
    record_property("R14", "100,000 lines: every count exact")
