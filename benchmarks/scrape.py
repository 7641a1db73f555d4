"""Pictures per second, and per CPU-second, of our scrape, of plain requests, and of img2dataset, in one run.

`python -m benchmarks.scrape`. All take the same pictures from one loopback server of 64 addresses, with as
many threads, with and without latency; in turn, several times, and the medians are shown. `most` is what
so many threads can fetch at most at that latency, were all else free: threads / latency. img2dataset runs
as it comes, in one process, which resizes each picture and encodes it anew; with the least work it can do;
and both with a process for each processor, as ours has without being told. Goals: at 100 ms twice
img2dataset as it comes, where the latency allows so many; without latency, per CPU-second, plain requests
get at most 1.5 times as many. Exits with 1 when one is missed.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from argparse import ArgumentParser
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks import machine, web

ROOT = Path(__file__).resolve().parents[1]
PEER, PEER_VERSION = "img2dataset", "1.47.0"
LEAST = f"{PEER}, least work"
LATENCY_S = 0.1
THREADS = (64, 128, 256)  # the last is the peer's default
LEAST_TIMES_PEER, MOST_TIMES_PLAIN = 2.0, 1.5


def peer_python() -> tuple[str, str]:
    """Give the interpreter of img2dataset's own environment, made at the first run; or why there is none."""
    home = ROOT / ".wreck" / "bench" / PEER
    python = home / "bin" / "python"
    if not (home / "installed").exists():
        venv.create(home, with_pip=True)
        # All that it pulls in, as last seen at work: a new release of any of them may break it.
        pinned = ["--no-deps", "--requirement", str(ROOT / "benchmarks" / f"{PEER}.txt")]
        words = [str(python), "-m", "pip", "install", "--quiet", *pinned]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            return "", f"{PEER} could not be installed: {done.stderr.strip().splitlines()[-1]}"
        (home / "installed").touch()
    return str(python), ""


def fetch(python: str, client: tuple[str, int], count: int, threads: int, port: int) -> dict[str, float]:
    """Let one client, a name and a number of processes, fetch `count` pictures into an empty folder."""
    name, processes = client
    with tempfile.TemporaryDirectory(dir=ROOT / ".wreck" / "bench") as folder:
        listed = Path(folder) / "list.txt"
        listed.write_text("".join(f"{web.url(number, port)}\n" for number in range(count)))
        words = [python, str(ROOT / "benchmarks" / "fetchers.py")]
        words += [name, str(listed), folder, str(threads), str(processes)]
        served_s = web.cpu_s(port)
        done = subprocess.run(
            words,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        served_s = web.cpu_s(port) - served_s
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    told = json.loads(done.stdout.splitlines()[-1])
    if told["images"] != count:
        raise SystemExit(f"{name} fetched {told['images']} of {count} pictures:\n{done.stderr}")
    return {
        "images_per_s": count / told["seconds"],
        "images_per_cpu_s": count / told["cpu_s"],
        "server_cores": served_s / told["seconds"],
    }


def compare(pythons: dict[str, str], latency_s: float, threads: int, asked: Any) -> list[dict[str, Any]]:
    """Let every client fetch at one latency with so many threads, in turn, and give the medians."""
    cores = os.cpu_count() or 1
    clients = [("ours", cores), ("ours", 1), ("requests", 1)]
    clients += [(peer, processes) for peer in (PEER, LEAST) for processes in (1, cores)]
    runs: dict[tuple[str, int], list[dict[str, float]]] = {}
    with web.serving(latency_s=latency_s) as port:
        for _ in range(asked.rounds):
            for client in clients:
                if python := pythons.get(client[0]):
                    told = fetch(python, client, asked.images, threads, port)
                    runs.setdefault(client, []).append(told)
    return [
        {"latency_ms": round(latency_s * 1000), "threads": threads, "client": name, "processes": processes}
        | {key: statistics.median(run[key] for run in told) for key in told[0]}
        | {"most": round(threads / latency_s) if latency_s else None}
        for (name, processes), told in runs.items()
    ]


def main() -> int:
    """Measure, and say whether the goals are met."""
    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument("--threads", type=int, nargs="+", default=THREADS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    (ROOT / ".wreck" / "bench").mkdir(parents=True, exist_ok=True)
    python, why_not = peer_python()
    pythons = {"ours": sys.executable, "requests": sys.executable, PEER: python, LEAST: python}
    rows = [row for threads in asked.threads for row in compare(pythons, LATENCY_S, threads, asked)]
    rows += compare(pythons, 0.0, asked.threads[0], asked)
    by = {(row["latency_ms"], row["threads"], row["client"], row["processes"]): row for row in reversed(rows)}
    about: dict[str, Any] = machine.describe("requests", "opencv-python")
    about |= {"images": asked.images, "rounds": asked.rounds, "load": round(os.getloadavg()[0], 1)}
    cores, first = os.cpu_count() or 1, asked.threads[0]
    plain = by[0, first, "requests", 1]["images_per_cpu_s"] / by[0, first, "ours", cores]["images_per_cpu_s"]
    about["requests per CPU-second, times ours"] = round(plain, 2)
    met = plain <= MOST_TIMES_PLAIN
    if python:
        about[PEER] = PEER_VERSION
        for threads, peer, processes in product(asked.threads, (PEER, LEAST), (1, cores)):
            ours, theirs = by[100, threads, "ours", cores], by[100, threads, peer, processes]
            times = ours["images_per_s"] / theirs["images_per_s"]
            about[f"ours, times {peer}, {processes} processes, {threads} threads"] = round(times, 2)
            if (peer, processes) == (PEER, 1) and ours["most"] >= LEAST_TIMES_PEER * theirs["images_per_s"]:
                met = met and times >= LEAST_TIMES_PEER
    else:
        about[PEER] = f"skipped: {why_not}"
    machine.show(rows, about, as_json=asked.json)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
