"""The most memory that a piece of Python takes beyond what it began with, in a process of its own (Linux)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# `begin()` lets the kernel forget the peak so far; `grown_mb()` is how far the peak lies above that moment.
_BEFORE = """
import json, sys
from pathlib import Path

def _mb(name):
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) / 1024

def begin():
    global _began_mb
    Path("/proc/self/clear_refs").write_text("5")
    _began_mb = _mb("VmRSS")

def grown_mb():
    return _mb("VmHWM") - _began_mb

asked = json.loads(sys.argv[1])
"""


def run(program: str, **asked: Any) -> Any:
    """Run a program that uses `asked`, calls `begin` and `grown_mb`, and prints JSON; give that."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux tells the peak of a process anew")
    words = [sys.executable, "-c", _BEFORE + program, json.dumps(asked)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
