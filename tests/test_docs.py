"""The README names only what exists, and stays within two screens."""

import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text()


def commands_of(module: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    return set(re.findall(r"^│ ([a-z]+) ", done.stdout, flags=re.M))


def test_every_wreck_command_in_the_readme_exists() -> None:
    used = set(re.findall(r"\bwreck ([a-z]+)\b", README))
    assert used >= {"scrape", "labels", "label", "predict", "doctor"}
    assert used <= commands_of("wreck_core")


def test_every_flow_in_the_readme_exists() -> None:
    used = set(re.findall(r"python -m flows ([a-z]+)", README))
    assert used >= {"nightly", "serve"}
    assert used <= commands_of("flows")


def test_every_make_target_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.M))
    assert set(re.findall(r"\bmake ([a-z-]+)", README.replace("make are all", ""))) <= targets


def test_every_picture_and_file_in_the_readme_exists() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (REPOSITORY / target).exists(), target


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "make test" in README
    assert "make test" in (REPOSITORY / ".ci" / "run").read_text()


def test_the_readme_fits_two_screens() -> None:
    assert len(README.splitlines()) <= 80
