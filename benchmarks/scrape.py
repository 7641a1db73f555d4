"""Pictures per second, and per CPU-second, of our scrape, of plain requests, and of img2dataset, in one run.

`python -m benchmarks.scrape`. All take the same pictures from the same loopback server with as many
threads, with and without latency. Goals: twice img2dataset with latency; without, per CPU-second, plain
requests get at most 1.5 times as many. Exits with 1 when one is missed.
"""

import json
import subprocess
import sys
import tempfile
import venv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from benchmarks import machine, web

ROOT = Path(__file__).resolve().parents[1]
PEER, PEER_VERSION = "img2dataset", "1.47.0"
LATENCY_S = 0.1
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


def fetch(python: str, name: str, count: int, threads: int, port: int) -> dict[str, Any]:
    """Let one client fetch `count` pictures into an empty folder."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".wreck" / "bench") as folder:
        listed = Path(folder) / "list.txt"
        listed.write_text("".join(f"{web.url(number)}\n" for number in range(count)))
        words = [python, str(ROOT / "benchmarks" / "fetchers.py")]
        words += [name, str(listed), folder, str(threads), str(port)]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    told = json.loads(done.stdout.splitlines()[-1])
    if told["images"] != count:
        raise SystemExit(f"{name} fetched {told['images']} of {count} pictures:\n{done.stderr}")
    return {
        "client": name,
        "images_per_s": count / told["seconds"],
        "images_per_cpu_s": count / told["cpu_s"],
    }


def main() -> int:
    """Measure, and say whether the goals are met."""
    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    (ROOT / ".wreck" / "bench").mkdir(parents=True, exist_ok=True)
    python, why_not = peer_python()
    clients = [(sys.executable, "ours"), (sys.executable, "requests")] + ([(python, PEER)] if python else [])
    rows = []
    for latency_s in (LATENCY_S, 0.0):
        with web.serving(latency_s=latency_s) as port:
            for interpreter, name in clients:
                told = fetch(interpreter, name, asked.images, asked.threads, port)
                rows.append({"latency_ms": round(latency_s * 1000), **told})
    by = {(row["latency_ms"], row["client"]): row for row in rows}
    about: dict[str, Any] = machine.describe("requests", "opencv-python")
    about |= {"images": asked.images, "threads": asked.threads}
    plain = by[0, "requests"]["images_per_cpu_s"] / by[0, "ours"]["images_per_cpu_s"]
    about["requests per CPU-second, times ours"] = round(plain, 2)
    met = plain <= MOST_TIMES_PLAIN
    if python:
        times = by[100, "ours"]["images_per_s"] / by[100, PEER]["images_per_s"]
        about |= {PEER: PEER_VERSION, f"ours, times {PEER}": round(times, 2)}
        met = met and times >= LEAST_TIMES_PEER
    else:
        about[PEER] = f"skipped: {why_not}"
    machine.show(rows, about, as_json=asked.json)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
