"""The floors hold: import-linter's contracts, and the sizes that style asks for."""

import ast
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
MODULES = sorted([*(REPOSITORY / "wreck_core").rglob("*.py"), *(REPOSITORY / "flows").rglob("*.py")])


def test_imports_point_down() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_module_is_longer_than_400_lines() -> None:
    assert [str(path) for path in MODULES if len(path.read_text().splitlines()) > 400] == []


def test_stages_are_thin() -> None:
    stages = REPOSITORY / "wreck_core" / "stages"
    assert {
        path.name: n for path in stages.glob("*.py") if (n := len(path.read_text().splitlines())) > 130
    } == {}


def test_no_function_is_longer_than_50_lines() -> None:
    too_long = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 50:
                too_long.append(f"{path.relative_to(REPOSITORY)}:{node.name}")
    assert too_long == []
