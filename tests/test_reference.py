"""The reference is written from the code: it describes every command, parameter, status and column."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml
from pydantic import BaseModel

from flows.__main__ import app as flows
from wreck_core import errors
from wreck_core.cli import app as wreck
from wreck_core.ingest.outcome import STATUSES
from wreck_core.params import BackboneRow, Params
from wreck_core.report import board

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("reference")
    subprocess.run([sys.executable, "-m", "scripts.reference", str(folder)], check=True, cwd=REPOSITORY)
    return {path.stem: path.read_text() for path in folder.iterdir()}


def rows(page: str) -> list[list[str]]:
    """Give the cells of every table row of a page, without heads."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    rules = {at for at, row in enumerate(cells) if set("".join(row)) == {"-"}}
    return [row for at, row in enumerate(cells) if at not in rules and at + 1 not in rules]


def first_cells(page: str) -> set[str]:
    return {row[0].strip("`") for row in rows(page)}


def commands(words: str, app: typer.Typer) -> Iterator[str]:
    def walk(words: str, command: object) -> Iterator[str]:
        yield words
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(f"{words} {name}", inner)

    return walk(words, typer.main.get_command(app))


def test_every_command_has_a_section_and_a_sentence(pages: dict[str, str]) -> None:
    known = [*commands("wreck", wreck), *commands("python -m flows", flows)]
    assert len(known) > 20
    sections = dict(re.findall(r"^## (.+)\n\n(.+)$", pages["commands"], flags=re.M))
    assert set(sections) == set(known)
    assert all(not sentence.startswith(("```", "|")) for sentence in sections.values())


def test_every_option_argument_and_parameter_says_what_it_means(pages: dict[str, str]) -> None:
    assert [row[0] for row in rows(pages["commands"]) if not row[1]] == []
    assert [row[0] for row in rows(pages["parameters"]) if not row[3]] == []


def test_every_parameter_stands_in_its_section(pages: dict[str, str]) -> None:
    found = re.split(r"^## ", pages["parameters"], flags=re.M)[1:]
    told = {section.split("\n", 1)[0]: first_cells(section) for section in found}
    for name, field in Params.model_fields.items():
        model = BackboneRow if name == "backbones" else field.annotation
        of_rows = isinstance(model, type) and issubclass(model, BaseModel)
        assert told[name] == (set(model.model_fields) if of_rows else set())


def test_the_shipped_value_and_the_bounds_of_a_parameter_are_told(pages: dict[str, str]) -> None:
    by_key = {row[0]: row for row in rows(pages["parameters"])}
    assert by_key["`threshold_bits`"][1:3] == ["integer, ≥ 0, ≤ 84", "`72`"]
    assert by_key["`input_px`"][1] == "integer, ≥ 32, ≤ 1024"
    assert by_key["`confidence`"][1] == "number, > 0.5, < 1"


def test_every_status_and_exit_code_is_told(pages: dict[str, str]) -> None:
    told = first_cells(pages["statuses"])
    assert told >= set(STATUSES)
    codes = {error.exit_code for error in errors.WreckError.__subclasses__()}
    assert told >= {str(code) for code in codes | {0, 1, 130}}
    assert all(row[1] for row in rows(pages["statuses"]))


def test_every_column_of_the_leaderboard_is_told(pages: dict[str, str]) -> None:
    assert first_cells(pages["metrics"]) == set(board.COLUMNS)
    assert all(row[1] for row in rows(pages["metrics"]))


def test_every_output_of_dvc_yaml_is_told(pages: dict[str, str]) -> None:
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"].values()
    parts = [stage.get("do", stage) for stage in stages]
    outputs = [out for part in parts for kind in ("outs", "metrics", "plots") for out in part.get(kind, [])]
    names = {next(iter(out)) if isinstance(out, dict) else out for out in outputs}
    told = first_cells(pages["files"])
    assert {name.replace("${key}", "<row>") for name in names} <= told
    assert all(row[1] for row in rows(pages["files"]))
