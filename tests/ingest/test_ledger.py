import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from wreck_core.errors import BusyError, InputError, StorageError
from wreck_core.ingest.ledger import Ledger
from wreck_core.ingest.picture import Picture
from wreck_core.ingest.rows import Held, Row
from wreck_core.ingest.url_list import Account, ListedUrl
from wreck_core.ingest.urls import normalise, url_id

A, B, C = (f"http://web.example/{name}.jpg" for name in "abc")
FEW, MANY = 2, 99


def picture(sha256: str = "ab" * 32) -> Picture:
    return Picture(sha256, 10, "jpeg", 64, 64, 1.0, 2.0, bytes(32), bytes(32))


def fetched(url: str, sha256: str = "ab" * 32, tried_at: str = "2026-01-01T00:00:00Z") -> Row:
    return Row(url_id(url), "web.example", "ok", tried_at=tried_at, picture=picture(sha256))


def read(ledger: Ledger, name: str, *listed: ListedUrl) -> tuple[int, Account]:
    reading, account = ledger.next_reading(), Account(lines=len(listed))
    ledger.read_list(name, listed, account, reading)
    return reading, account


def test_a_url_is_pending_until_it_has_ended_and_again_for_its_status(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        reading, _ = read(ledger, "x.txt", ListedUrl(1, A), ListedUrl(2, B), ListedUrl(3, C))
        ledger.record([fetched(A), Row(url_id(B), "web.example", "dns")])
        assert ledger.select_pending(reading, frozenset(), MANY) == 1
        assert [ledger.take_pending(url_id(url)) for url in (A, B, C, C)] == [None, None, Held(), None]
        assert ledger.select_pending(reading, frozenset({"dns"}), MANY) == 2
        assert ledger.select_pending(reading, frozenset({"tls"}), MANY) == 1


def test_only_urls_of_the_lists_just_read_are_pending(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        read(ledger, "x.txt", ListedUrl(1, A))
        reading, _ = read(ledger, "y.txt", ListedUrl(1, B))
        assert ledger.select_pending(reading, frozenset(), MANY) == 1


def test_the_same_url_twice_is_a_duplicate_with_its_line(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        _, account = read(ledger, "x.txt", ListedUrl(1, A), ListedUrl(2, "HTTP://WEB.example:80/a.jpg#x"))
        assert (account.urls, account.skipped, account.examples) == (1, {"duplicate": 1}, {"duplicate": [2]})


def test_the_first_list_owns_a_url_and_an_edit_of_it_counts(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        read(ledger, "x.csv", ListedUrl(1, A, label="damaged"))
        read(ledger, "y.csv", ListedUrl(7, A, label="undamaged", license="CC0"))
        ledger.record([fetched(A)])
        (row,) = ledger.good(MANY)
        assert (row["list"], row["line"], row["list_label"], row["license"]) == ("x.csv", 1, "damaged", "CC0")
        read(ledger, "x.csv", ListedUrl(3, A, label="unsure"))
        (row,) = ledger.good(MANY)
        assert (row["list"], row["line"], row["list_label"]) == ("x.csv", 3, "unsure")


def test_neither_a_failure_nor_another_picture_takes_one_away(
    tmp_path: Path,
) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        read(ledger, "x.txt", ListedUrl(1, A))
        ledger.record([fetched(A)])
        ledger.record([Row(url_id(A), "web.example", "dns", tried_at="2026-01-02T00:00:00Z")])
        ledger.record([fetched(A, "cd" * 32, "2026-01-03T00:00:00Z")])
        assert [(row["sha256"][:2], row["fetched_at"]) for row in ledger.good(MANY)] == [
            ("ab", "2026-01-01T00:00:00Z"),
            ("cd", "2026-01-03T00:00:00Z"),
        ]


def test_one_picture_under_many_urls_is_a_placeholder(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        reading, _ = read(ledger, "x.txt", ListedUrl(1, A), ListedUrl(2, B), ListedUrl(3, C))
        ledger.record([fetched(A), fetched(B), fetched(C, "cd" * 32)])
        assert ledger.counts(MANY) == {"ok": 3}
        assert ledger.counts(FEW) == {"ok": 1, "placeholder": 2}
        assert [row["url"] for row in ledger.good(FEW)] == [C]
        assert ledger.select_pending(reading, frozenset({"placeholder"}), FEW) == 2


def test_it_holds_no_secrets(tmp_path: Path) -> None:
    url = "https://user:canary1@web.example/a.jpg?sig=canary2"
    with Ledger(tmp_path / "ledger.db") as ledger:
        read(ledger, "x.txt", ListedUrl(1, url))
        ledger.record([fetched(normalise(url))])
        assert len(list(ledger.good(MANY))) == 1
        held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"web.example" in held
    assert b"canary" not in held


def test_it_survives_the_loss_of_power(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db"):
        with sqlite3.connect(tmp_path / "ledger.db") as other:
            assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        other.close()


def test_a_damaged_file_is_a_storage_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(StorageError, match=r"ledger\.db"):
        Ledger(tmp_path / "ledger.db")


def test_a_ledger_of_another_version_is_bad_input_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with Ledger(path) as ledger:
        read(ledger, "x.txt", ListedUrl(1, A))
    with sqlite3.connect(path) as older:
        older.execute("ALTER TABLE urls DROP COLUMN license")
    older.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="another version of wreck: the columns of urls") as caught:
        Ledger(path)
    assert caught.value.exit_code == 2
    assert "space" not in str(caught.value)
    assert path.read_bytes() == before


def test_a_file_that_is_no_ledger_is_told_from_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageError, match="move the file away"):
        Ledger(path)


HOLD = """
import sqlite3, sys
sqlite3.connect(sys.argv[1], isolation_level=None).execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_ledger_that_stays_locked_is_busy_and_its_holder_named(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with Ledger(path) as ledger:
        read(ledger, "x.txt", ListedUrl(1, A))
    words = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout and holder.stdout.readline()
        with pytest.raises(BusyError) as caught, Ledger(path, wait_s=0.01) as ledger:
            assert ledger.counts(MANY) == {None: 1}  # to read is still possible
            ledger.record([fetched(A)])
        holder.communicate()
    assert caught.value.exit_code == 75
    # Where the system does not tell, it is at least another process.
    known = f"process {holder.pid}" if Path("/proc/locks").exists() else "another process"
    assert f"the ledger is held by {known}" in str(caught.value)
    with Ledger(path) as ledger:
        ledger.record([fetched(A)])
        assert ledger.counts(MANY) == {"ok": 1}
