"""One stage brought up to date by DVC, in a process of its own.

It runs as `dvc --wait-for-lock repro -s <stage>`: without waiting, concurrent calls fail on
DVC's lock, and without `-s` each walks all its ancestors again (treeverse/dvc#11054).
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from wreck_core import dvcmend
from wreck_core.errors import BusyError, WreckError

Outcome = Literal["ran", "restored", "skipped"]

BLOCKED = "is busy, it is being blocked by"  # DVC of a stage that an earlier process still runs
ERROR_LINES = 6  # of a failed stage's output that go into the message


def run_stage(
    root: Path,
    stage: str,
    log: Path,
    *,
    timeout_s: float,
    force: bool = False,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Outcome:
    """Bring one stage up to date and say how; its output is added to the file `log`.

    `environment` is what the stage is told besides.

    A file, not a pipe: a stage that outlives its killed parent still finishes, and DVC records it.
    Raises BusyError while an earlier process works on the stage, and WreckError with the stage's own last
    words, or after `timeout_s` when it is stopped.
    """
    dvcmend.mend(root)
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "-s", stage]
    command += ["--force"] if force else []
    with log.open("ab") as handle:
        begins = handle.tell()
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, the stage name comes from dvc.yaml
            command,
            cwd=root,
            env={**stage_environment(root), **environment},
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=subprocess.STDOUT,
        )
    try:
        code = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        _end(process)
        raise WreckError(f"took longer than {timeout_s:,.0f} s", where=stage, fix=f"see {log}") from None
    text = log.read_bytes()[begins:].decode("utf-8", errors="replace")
    if code and BLOCKED in text:
        raise busy(root, text[text.index(BLOCKED) :])
    if code and f"busy: {stage} is held by" in text:  # not by DVC: of a killed one, or begun by hand
        raise BusyError(_last_words(text), where=stage, fix="wait for it to end")
    if code:
        raise WreckError(_last_words(text) or f"exit code {code}", where=stage, fix=f"see {log}")
    if "didn't change, skipping" in text:
        return "skipped"
    return "restored" if "is cached - skipping run" in text else "ran"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it started: every stage stands that, and its next run goes on."""
    import psutil

    parent = psutil.Process(process.pid)
    for each in (parent, *parent.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # it has just come to its end
            each.kill()
    process.wait()


def stage_environment(root: Path) -> dict[str, str]:
    """Give this process's environment with our own `wreck` first on PATH, working in `root`."""
    programs = str(Path(sys.executable).parent)
    path = os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "WRECK_WORKSPACE": str(root.resolve())}


def _last_words(log: str) -> str:
    """Give the end of what a failed stage printed, without DVC's own lines around it."""
    said = [line.rstrip() for line in log.splitlines() if line.strip()]
    start = max((number for number, line in enumerate(said) if line.startswith("> ")), default=-1)
    own = [line for line in said[start + 1 :] if not line.startswith("ERROR: failed to reproduce")]
    return "\n".join((own or said)[-ERROR_LINES:]).removeprefix("error: ")


def busy(root: Path, reason: str) -> BusyError:
    """Give the error of a lock that another DVC command holds; `reason` is what DVC said of it."""
    holder = next((line.strip() for line in reason.splitlines() if "PID" in line), "another DVC command")
    return BusyError(f"busy: held by {holder}", where=str(root), fix="wait for it to end, then run again")
