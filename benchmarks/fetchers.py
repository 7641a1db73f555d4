"""The clients that benchmarks/scrape.py compares, each run by a process of its own.

`fetchers.py NAME LIST FOLDER THREADS PROCESSES` fetches the list and prints {images, seconds, cpu_s}. What is
imported is imported before the clock starts.
"""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# img2dataset's environment does not know the project.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import machine


def ours(urls: Path, folder: Path, threads: int, processes: int) -> None:
    """Run the scrape stage as it is: lists, robots.txt, ledger, verified and fsynced store, candidates."""
    import pandas  # noqa: F401 - pyarrow imports it when it is first used

    from wreck_core import params
    from wreck_core.ingest import crew
    from wreck_core.layout import Layout
    from wreck_core.stages import scrape

    settings = params.load(Path(__file__).resolve().parents[1] / "params.yaml")
    port = urlsplit(urls.read_text().split("\n", 1)[0]).port or 80
    ways = {"threads": threads, "ports": [port]}
    settings = settings.model_copy(update={"scrape": settings.scrape.model_copy(update=ways)})
    if processes == 1:
        crew.URLS_PER_PROCESS = sys.maxsize
    with _told() as told:
        request = scrape.ScrapeRequest((urls,), allow_private=True)
        told.append(scrape.run(settings, Layout(folder), request).data["statuses"]["ok"])


def requests(urls: Path, folder: Path, threads: int, processes: int) -> None:
    """Run one plain thread pool with a session per thread and our decode and hashes, and promise nothing."""
    from concurrent.futures import ThreadPoolExecutor

    from requests import Session

    from wreck_core.ingest.picture import examine

    own = threading.local()

    def fetch(line: str) -> bool:
        if not hasattr(own, "session"):
            own.session = Session()
        response = own.session.get(line, timeout=30)
        response.raise_for_status()
        facts = examine(response.content, max_pixels=40_000_000, min_side_px=48)
        (folder / f"{facts.sha256}.jpg").write_bytes(response.content)
        return True

    with _told() as told, ThreadPoolExecutor(threads) as pool:
        told.append(sum(pool.map(fetch, urls.read_text().splitlines())))


def img2dataset(urls: Path, folder: Path, threads: int, processes: int) -> None:
    """Run the peer as it comes: pictures resized to 256 pixels with a border, encoded anew, files."""
    _img2dataset(urls, folder, threads, processes)


def img2dataset_least(urls: Path, folder: Path, threads: int, processes: int) -> None:
    """Run the peer with the least work it can do: pictures decoded and kept as they are, sha256, files."""
    _img2dataset(
        urls, folder, threads, processes, resize_mode="no", skip_reencode=True, compute_hash="sha256"
    )


def _img2dataset(urls: Path, folder: Path, threads: int, processes: int, **work: Any) -> None:
    """Fetch with as many threads in all as the others have."""
    from img2dataset import download

    count = len(urls.read_text().splitlines())
    with _told() as told:
        download(
            url_list=str(urls),
            output_folder=str(folder / "out"),
            processes_count=processes,
            thread_count=threads // processes,
            number_sample_per_shard=-(-count // processes),  # a shard is the work of one process
            output_format="files",
            enable_wandb=False,
            **work,
        )
        told.append(len(list((folder / "out").rglob("*.jpg"))))


@contextmanager
def _told() -> Iterator[list[int]]:
    told: list[int] = []
    with machine.measured() as cost:
        yield told
    print(json.dumps({"images": told[0], "seconds": cost.seconds, "cpu_s": cost.cpu_s}))


if __name__ == "__main__":
    name, listed, folder, threads, processes = sys.argv[1:]
    clients = {
        "ours": ours,
        "requests": requests,
        "img2dataset": img2dataset,
        "img2dataset, least work": img2dataset_least,
    }
    clients[name](Path(listed), Path(folder), int(threads), int(processes))
