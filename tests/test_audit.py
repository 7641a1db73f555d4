"""What `make audit` says of the answers of pip-audit."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parents[1] / "scripts" / "audit.py"


@pytest.fixture(scope="module")
def audit():
    spec = importlib.util.spec_from_file_location("audit", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_advisory_is_named_with_its_remedy_and_fails(audit):
    holed = {"name": "holed", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}
    said, code = audit.verdict([holed, {"name": "sound", "version": "2.0", "vulns": []}])
    assert said.splitlines() == [
        "holed 1.0: CVE-1, mended in ['1.1']",
        "2 of 2 locked packages audited, 1 advisories",
    ]
    assert code == 1


def test_packages_that_were_skipped_are_never_called_sound(audit):
    skipped = {"name": "unknown", "skip_reason": "not found"}
    sound = {"name": "sound", "version": "2.0", "vulns": []}
    assert audit.verdict([sound]) == ("1 of 1 locked packages audited, 0 advisories", 0)
    said, code = audit.verdict([sound, skipped])
    assert said.splitlines() == [
        "1 of 2 locked packages audited, 0 advisories",
        "not audited, for they are not known there: unknown",
    ]
    assert code == 75
    said, code = audit.verdict([skipped])
    assert said.startswith("not audited")
    assert code == 75


def test_an_advisory_counts_also_beside_packages_that_were_skipped(audit):
    holed = {"name": "holed", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": []}]}
    assert audit.verdict([holed, {"name": "unknown", "skip_reason": "not found"}])[1] == 1


def test_without_an_answer_nothing_was_audited_and_the_exit_code_says_so(tmp_path):
    """Its own tool cannot be had: the program that would fetch it is not there, or has no network."""
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho error: no network >&2\nexit 2\n")
    uv.chmod(0o755)
    (tmp_path / "python").symlink_to(sys.executable)
    done = subprocess.run([tmp_path / "python", PATH], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[0] == "not audited: error: no network"
    assert (done.returncode, done.stderr) == (75, "")
