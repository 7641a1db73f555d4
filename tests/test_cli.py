"""The command line: fast help, one error per fault, the contract's exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wreck_core.layout import Layout

HEAVY = ("cv2", "numpy", "pandas", "tensorflow", "keras", "prefect", "dvc", "requests", "pydantic", "sklearn")


def wreck(*words: str, root: Path | None = None) -> subprocess.CompletedProcess[str]:
    where = [] if root is None else ["--workspace", str(root)]
    environment = {key: value for key, value in os.environ.items() if key != "WRECK_WORKSPACE"}
    return subprocess.run(
        [sys.executable, "-m", "wreck_core", *where, *words],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom wreck_core.cli import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for command in (
        "scrape",
        "dedup",
        "enqueue",
        "label",
        "labels",
        "dataset",
        "train",
        "report",
        "predict",
        "status",
        "takedown",
    ):
        assert f" {command} " in done.stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 2),
        (("--help",), 0),
        (("--version",), 0),
        (("unheard-of",), 2),
        (("scrape",), 2),
        (("label", "--host", ":8123"), 2),
        (("label", "--web", "--host", "127.0.0.1:many"), 2),
        (("--workspace", "/nonexistent", "dedup"), 2),
    ],
)
def test_usage_has_the_exit_codes_of_the_contract(words: tuple[str, ...], code: int) -> None:
    assert wreck(*words).returncode == code


def test_wrong_params_are_one_error_on_stderr_without_a_traceback(layout: Layout) -> None:
    layout.params.write_text(layout.params.read_text().replace("retries:", "retires:"))
    done = wreck("dedup", root=layout.root)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "scrape.retires: unexpected key (did you mean retries?)" in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback(layout: Layout) -> None:
    layout.params.unlink()
    done = wreck("--debug", "dedup", root=layout.root)
    assert "Traceback" in done.stderr
    assert "there is no params.yaml here" in done.stderr


def test_a_stage_without_its_input_says_what_comes_first(layout: Layout) -> None:
    done = wreck("dedup", root=layout.root)
    assert done.returncode == 2
    assert "wreck scrape" in done.stderr


def test_an_unknown_backbone_is_named_with_the_known_ones(layout: Layout) -> None:
    done = wreck("train", "mobilnet", root=layout.root)
    assert done.returncode == 2
    assert "mobilenet" in done.stderr


def test_doctor_speaks_json_and_finds_the_pixel_cap_in_force(layout: Layout) -> None:
    checks = {
        check["name"]: check
        for check in json.loads(wreck("doctor", "--json", root=layout.root).stdout)["checks"]
    }
    assert "in force" in checks["pixel cap"]["found"]
    assert checks["prefect"]["fix"] == ""
    assert (
        checks["dvc stages"]["fix"] != ""
    )  # an empty folder is no DVC repository, and the doctor says what to do
