"""Every promise of reliability, tested whole; docs/reliability.md gets its table from what was measured.

`python -m benchmarks.reliability [R1 …]`, or `make faults` for all. Tests say their figures by
`record_property`, named after the promise; pytest says how many passed, failed and were skipped. Exits with 1
when a test failed.
"""

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from benchmarks import machine

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


class Promise(NamedTuple):
    """What is promised, and the tests that hold it, from tests/."""

    what: str
    tests: tuple[str, ...]


PROMISES = {
    "R1": Promise(
        "kill -9 at any point: the same command completes the work",
        ("faults/test_kills.py", "stages/test_scrape.py", "flows/test_killed.py"),
    ),
    "R2": Promise(
        "a kill costs a thread one picture at most, a training one epoch",
        ("stages/test_scrape.py", "stages/test_train_killed.py", "training/test_scratch.py"),
    ),
    "R3": Promise(
        "an acknowledged label is never lost",
        ("labeling/test_kills.py", "faults/test_any_order.py", "faults/test_fuzzed.py"),
    ),
    "R4": Promise("no connection to an address that is not public", ("ingest/test_hostile_urls.py",)),
    "R5": Promise(
        "a hostile server ends by the deadline with its own status",
        ("ingest/test_hostile_servers.py", "ingest/test_memory.py", "faults/test_fuzzed.py"),
    ),
    "R6": Promise("an endless body is cut off in flat memory", ("ingest/test_memory.py",)),
    "R7": Promise("a broken picture is a row with a reason", ("test_images.py", "test_images_in_bounds.py")),
    "R8": Promise("an image bomb is refused by its header", ("test_images.py", "test_images_in_bounds.py")),
    "R9": Promise(
        "a full disk: exit code 74, named, completed by the next run", ("faults/test_full_disk.py",)
    ),
    "R10": Promise(
        "whatever touch of the disk fails, whatever file is torn: one error, nothing lost",
        ("faults/test_io_errors.py", "faults/test_torn_files.py", "test_dvcmend.py"),
    ),
    "R11": Promise(
        "two at once: one works, the other names it", ("faults/test_together.py", "test_files.py")
    ),
    "R12": Promise(
        "`wreck verify` names every flipped bit", ("faults/test_together.py", "stages/test_verify.py")
    ),
    "R13": Promise(
        "a killed flow leaves no server, and is shown as interrupted",
        ("flows/test_killed.py", "flows/test_interrupted.py"),
    ),
    "R14": Promise("a hostile list is counted exactly", ("ingest/test_url_list.py",)),
    "R15": Promise(
        "what strangers wrote stays text",
        (
            "faults/test_hostile.py",
            "test_console.py",
            "stages/test_review.py",
            "test_pageserver.py",
            "labeling/test_web.py",
            "stages/test_nothing_runs_in_browser.py",
            "flows/test_artifacts_in_browser.py",
        ),
    ),
    "R16": Promise(
        "a secret of a URL stays in its list", ("report/test_secrets.py", "flows/test_refresh.py")
    ),
    "R17": Promise(
        "a takedown leaves no byte, and it never comes back",
        ("stages/test_takedown.py", "report/test_looks.py"),
    ),
    "R18": Promise(
        "a model or params.yaml that would run code is refused",
        ("training/test_model_file.py", "training/test_legacy_pth.py", "faults/test_hostile.py"),
    ),
    "R19": Promise("a clock that jumps changes no result", ("faults/test_together.py",)),
    "backups": Promise(
        "a copy taken while others write is whole, and comes back", ("stages/test_backup.py",)
    ),
}


class Measured(NamedTuple):
    """What a run of one test file gave: counts by outcome, and figures by promise."""

    counts: dict[str, int]
    figures: dict[str, list[str]]


def main() -> int:
    """Run the tests, write the table, and say whether all passed."""
    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("promises", nargs="*", choices=[[], *PROMISES], metavar="R1", help="all by default")
    asked = parser.parse_args()
    chosen = asked.promises or list(PROMISES)
    files = sorted({test for name in chosen for test in PROMISES[name].tests})
    with tempfile.TemporaryDirectory() as folder:
        xml = Path(folder) / "faults.xml"
        paths = [str(Path("tests", name)) for name in files]
        words = [sys.executable, "-m", "pytest", "-q", "--timeout=3600", "-n", "2", "--dist", "loadfile"]
        words += [f"--junitxml={xml}", "-o", "junit_family=xunit1", *paths]  # xunit2 keeps no properties
        subprocess.run(words, cwd=ROOT, check=False)
        measured = read(xml)
    rows = {name: _row(name, [measured[test] for test in PROMISES[name].tests]) for name in chosen}
    print("\n".join(rows.values()))
    write(rows)
    return int(any(each.counts["failed"] for each in measured.values()))


def read(xml: Path) -> dict[str, Measured]:
    """Read pytest's record, by test file below tests/."""
    measured: dict[str, Measured] = defaultdict(lambda: Measured(defaultdict(int), defaultdict(list)))
    for case in ElementTree.parse(xml).iter("testcase"):  # noqa: S314 - pytest's own
        module = case.attrib["classname"].removeprefix("tests.").replace(".", "/") + ".py"
        bad = {child.tag for child in case} & {"failure", "error"}
        skipped = case.find("skipped") is not None
        measured[module].counts["failed" if bad else "skipped" if skipped else "passed"] += 1
        for told in case.iter("property"):
            measured[module].figures[told.attrib["name"]].append(told.attrib["value"])
    return measured


def _row(name: str, parts: list[Measured]) -> str:
    counts = {key: sum(part.counts[key] for part in parts) for key in ("passed", "failed", "skipped")}
    told = ", ".join(f"{count} {key}" for key, count in counts.items() if count)
    figures = [figure for part in parts for figure in dict.fromkeys(part.figures[name])]
    tests = " ".join(f"`{test}`" for test in PROMISES[name].tests)
    return f"| {name} | {PROMISES[name].what} | {tests} | {'; '.join([*figures, told])} |"


def write(rows: dict[str, str]) -> None:
    """Put rows in the place of the same promises' in the page."""
    about = machine.describe("dvc")
    load = os.getloadavg()[0]
    head = (
        f"Measured on {about['cpu']}, {about['system']}, Python {about['python']}, "
        f"DVC {about['dvc']}, load {load:.0f}.\n\n"
        "| | promise | `pytest` of, below tests/ | measured |\n|---|---|---|---|\n"
    )
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    table, _, after = rest.partition(END)
    earlier = {line.split("|")[1].strip(): line for line in table.splitlines() if line.startswith("| ")}
    kept = earlier | rows
    lines = [kept[name] for name in PROMISES if name in kept]
    PAGE.write_text(before + BEGIN + head + "\n".join(lines) + "\n" + END + after, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
