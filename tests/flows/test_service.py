"""The systemd unit that people copy."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parents[2] / "scripts" / "wreck-nightly.service"


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze")
    copy = tmp_path / UNIT.name
    text = UNIT.read_text().replace("/srv/wreck-detect/.venv/bin/python", sys.executable)
    copy.write_text(text.replace("User=wreck", "User=root"))
    done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
