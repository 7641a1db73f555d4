"""README and docs name only what exists, and the README stays within two screens."""

import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text()
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])


def commands_of(module: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    return set(re.findall(r"^│ ([a-z]+) ", done.stdout, flags=re.M))


def test_every_wreck_command_in_the_docs_exists() -> None:
    used = {word for page in PAGES for word in re.findall(r"^wreck ([a-z]+)\b", page.read_text(), flags=re.M)}
    assert used >= {"scrape", "labels", "predict", "takedown"}
    assert used <= commands_of("wreck_core")


def test_every_flow_in_the_docs_exists() -> None:
    used = {word for page in PAGES for word in re.findall(r"python -m flows ([a-z]+)", page.read_text())}
    assert used >= {"nightly", "serve"}
    assert used <= commands_of("flows")


def test_every_make_target_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.M))
    assert set(re.findall(r"\bmake ([a-z-]+)", README.replace("make are all", ""))) <= targets


def test_every_link_of_the_docs_leads_to_a_file() -> None:
    """`make docs` looks at anchors too; pages of reference/ are written then."""
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:\s]+)[^):]*\)", page.read_text()):
            if "reference/" not in target:
                assert (page.parent / target).exists(), f"{page.relative_to(REPOSITORY)}: {target}"


def test_every_page_in_the_list_of_the_site_exists() -> None:
    """The builder says nothing of one that does not."""
    listed = set(re.findall(r'= "([a-z0-9/-]+\.md)"', (REPOSITORY / "docs" / "zensical.toml").read_text()))
    docs = {page.relative_to(REPOSITORY / "docs").as_posix() for page in PAGES if page.parent != REPOSITORY}
    roots = {page.name.lower() for page in PAGES if page.parent == REPOSITORY} - {"readme.md"} | {"index.md"}
    measured = {"benchmarks.md", "results/index.md"}  # written by make bench and make results
    assert {page for page in listed if not page.startswith("reference/")} <= docs | roots | measured


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "make test" in README
    assert "make test" in (REPOSITORY / ".ci" / "run").read_text()


def test_the_readme_fits_two_screens() -> None:
    assert len(README.splitlines()) <= 80
