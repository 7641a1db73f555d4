"""What `make audit` says of the answers of pip-audit."""

import importlib.util
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
    assert audit.verdict([sound, skipped]) == ("1 of 2 locked packages audited, 0 advisories", 0)
    said, code = audit.verdict([skipped])
    assert said.startswith("not audited")
    assert code == 0
