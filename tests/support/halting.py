"""A workspace with a list of two hosts, whose web stops answering in the middle until it is told to go on."""

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import yaml
from pages import Pages, photo

from wreck_core.layout import Layout

ORIGINS = ("http://one.example/", "http://two.example/")
PICTURES = 30
PER_HOST = 2
FREE = 4  # answers at each host before it stops


class Halting(Pages):
    """Counts the requests under way at each host; `go_on` lets the answers go that are held back."""

    def __init__(self) -> None:
        super().__init__(bodies={f"/{n}.jpg": photo(n) for n in range(PICTURES)})
        self.go_on = threading.Event()
        self.most: Counter[int] = Counter()
        self._begun: Counter[int] = Counter()
        self._under_way: Counter[int] = Counter()
        self._lock = threading.Lock()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        host = int(Path(request.path).stem) % len(ORIGINS)
        with self._lock:
            self._begun[host] += 1
            self._under_way[host] += 1
            self.most[host] = max(self.most[host], self._under_way[host])
            held = self._begun[host] > FREE
        if held:
            self.go_on.wait()
        with self._lock:
            self._under_way[host] -= 1
        super().answer(request)

    def asked_of(self, name: str) -> int:
        """How often one path was asked for, and answered."""
        return sum(path == name for path, _, _ in self.asked)

    def held_back(self) -> int:
        """How many requests wait for their answer."""
        with self._lock:
            return self._under_way.total() if min(self._begun.values(), default=0) > FREE else 0


def urls() -> list[str]:
    """The URLs of the list, its hosts in turn."""
    return [f"{ORIGINS[n % len(ORIGINS)]}{n}.jpg" for n in range(PICTURES)]


def prepare(root: Path) -> Layout:
    """Make the list the only one of a checkout, cut into chunks of ten."""
    layout = Layout(root)
    for shipped in layout.url_lists.iterdir():
        shipped.unlink()
    raw = yaml.safe_load(layout.params.read_text())
    raw["scrape"].update(chunk_urls=10, per_host=PER_HOST)
    layout.params.write_text(yaml.safe_dump(raw, sort_keys=False))
    (layout.url_lists / "list.txt").write_text("\n".join(urls()) + "\n")
    return layout


def maps(web: Pages) -> list[str]:
    """The options that read both hosts from `web`."""
    return [word for origin in ORIGINS for word in ("--map", "=".join(web.mirror(origin)))]


def recorded(layout: Layout) -> set[str]:
    """The paths of the URLs whose rows are on the disk, on their way to the ledger."""
    lines = [line for path in layout.arrivals.glob("*.jsonl") for line in path.read_text().splitlines()]
    return {"/" + json.loads(line)["final_url"].rpartition("/")[2] for line in lines}
