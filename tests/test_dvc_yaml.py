"""dvc.yaml declares what the stages really read: code by their imports, outputs by .gitignore, params."""

import ast
import re
import subprocess
from pathlib import Path
from typing import Any

import grimp
import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
STAGES: dict[str, Any] = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]
CODE = ["dedup", "dataset", "train", "report"]

# Modules that move and check data but compute none of it: a change here must not retrain everything.
PLUMBING = {"", "errors", "files", "layout", "params", "summary", "provenance", "stages"}


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("wreck_core", cache_dir=None)


def body(stage: str) -> dict[str, Any]:
    return STAGES[stage].get("do", STAGES[stage])


def declared_code(stage: str) -> set[str]:
    return {dep for dep in body(stage)["deps"] if dep.startswith("wreck_core/")}


def names(entries: list[Any]) -> list[str]:
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def needed_code(stage: str, imports: grimp.ImportGraph) -> set[str]:
    """The files of all modules that the stage imports, directly or not."""
    module = f"wreck_core.stages.{stage}"
    reached = {module} | imports.find_upstream_modules(module)
    files = set()
    for name in reached:
        if name.removeprefix("wreck_core").lstrip(".") not in PLUMBING:
            path = name.replace(".", "/")
            files.add(f"{path}/__init__.py" if (REPOSITORY / path).is_dir() else f"{path}.py")
    return files


def covers(dependency: str, file: str) -> bool:
    return file == dependency or file.startswith(f"{dependency}/")


@pytest.mark.parametrize("stage", CODE)
def test_every_module_that_a_stage_imports_is_its_dependency(stage: str, imports: grimp.ImportGraph) -> None:
    declared = declared_code(stage)
    missing = {f for f in needed_code(stage, imports) if not any(covers(dep, f) for dep in declared)}
    assert missing == set()


@pytest.mark.parametrize("stage", CODE)
def test_no_stage_depends_on_code_that_it_does_not_import(stage: str, imports: grimp.ImportGraph) -> None:
    needed = needed_code(stage, imports)
    assert {dep for dep in declared_code(stage) if not any(covers(dep, f) for f in needed)} == set()


def test_training_holds_nothing_that_it_does_not_need(imports: grimp.ImportGraph) -> None:
    """An edit of what only uses a model, or looks at it, must not make every training stale."""
    folder = REPOSITORY / "wreck_core" / "training"
    held = {path.relative_to(REPOSITORY).as_posix() for path in folder.glob("[!_]*.py")}
    assert held - needed_code("train", imports) == set()


@pytest.mark.parametrize("stage", CODE)
def test_every_section_of_params_that_the_code_reads_is_declared(
    stage: str, imports: grimp.ImportGraph
) -> None:
    declared = {name.split(".")[0] for name in body(stage)["params"]}
    sections = set(yaml.safe_load((REPOSITORY / "params.yaml").read_text()))
    read = set()
    for file in needed_code(stage, imports):
        for node in ast.walk(ast.parse((REPOSITORY / file).read_text())):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "params"
            ):
                read.add(node.attr)
    assert read & sections <= declared


def test_declared_params_exist() -> None:
    raw = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
    for stage in CODE:
        for name in body(stage)["params"]:
            value = raw
            for part in name.replace("${key}", "mobilenet").split("."):
                assert part in value, name
                value = value[part]


def test_keys_colours_and_flags_of_the_labelling_window_train_nothing_anew() -> None:
    for stage in CODE:
        read = {name for name in body(stage)["params"] if name.split(".")[0] == "labels"}
        assert read <= {"labels.classes", "labels.positive"}


def test_another_mirror_of_weights_trains_nothing_anew() -> None:
    for stage in CODE:
        assert not {"weights", "weights.mirror"} & set(body(stage)["params"])


def test_what_dvc_caches_is_ignored_by_git_and_the_rest_is_not() -> None:
    for stage in CODE:
        described = body(stage)
        outputs = [entry for kind in ("outs", "metrics", "plots") for entry in described.get(kind, [])]
        for entry in outputs:
            cached = isinstance(entry, str) or next(iter(entry.values())).get("cache", True)
            name = names([entry])[0].replace("${key}", "mobilenet")
            ignored = subprocess.run(
                ["git", "check-ignore", "-q", "--no-index", name], cwd=REPOSITORY, check=False
            )
            assert (ignored.returncode == 0) == cached, name


def test_live_state_is_neither_dependency_nor_output() -> None:
    text = (REPOSITORY / "dvc.yaml").read_text()
    assert not re.findall(r"\.db\b|\.wreck\b", text)


def test_before_any_data_repro_says_what_to_do_first(tmp_path: Path) -> None:
    script = REPOSITORY / "scripts" / "need_pictures.sh"
    before = subprocess.run(["sh", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert before.returncode == 2
    assert "run `wreck scrape LIST` first" in before.stderr
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "candidates.parquet").touch()
    assert subprocess.run(["sh", script], cwd=tmp_path, check=False).returncode == 0
    assert next(iter(STAGES)) == "pictures"  # DVC keeps the order of the file where nothing else decides
