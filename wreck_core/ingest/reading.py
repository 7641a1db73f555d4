"""Lists into the ledger, and out of the lists again what is to be fetched.

The whole URLs live in the lists alone: the ledger knows them only redacted.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from wreck_core.ingest import url_list
from wreck_core.ingest.ledger import Ledger
from wreck_core.ingest.rows import Job
from wreck_core.ingest.url_list import Account
from wreck_core.ingest.urls import host_of, normalise, url_id


def read(ledger: Ledger, lists: Iterable[Path], root: Path) -> int:
    """Enter all lists; return the number of this reading. A list named twice is read once.

    Raises InputError for a list that cannot be read.
    """
    number = ledger.next_reading()
    for path in _distinct(lists):
        account = Account()
        ledger.read_list(_name(path, root), url_list.read(path, account), account, number)
    return number


def jobs(ledger: Ledger, lists: Iterable[Path]) -> Iterator[Job]:
    """Yield, in the order of the lists, the URLs that the ledger chose."""
    for path in _distinct(lists):
        for listed in url_list.read(path, Account()):
            url = normalise(listed.url)
            key = url_id(url)
            held = ledger.take_pending(key)
            if held is not None:
                yield Job(key, url, host_of(url), held)


def _distinct(lists: Iterable[Path]) -> list[Path]:
    return list(dict.fromkeys(path.resolve() for path in lists))


def _name(path: Path, root: Path) -> str:
    """Name a list for files: its path in the workspace, or its bare name when it lies elsewhere."""
    try:
        return path.relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.name
