"""Hold the locked packages against the known advisories: `make audit`.

Exits with 0 when all were audited and none has any, with 1 when one has, and with 75 when no verdict can be
given: there is no network, or some packages are unknown where it asked. pip-audit (Apache-2.0) runs in an
environment of its own.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
PIP_AUDIT = "pip-audit@2.9.0"
SOUND, HOLED, NOT_AUDITED = 0, 1, 75


def main() -> int:
    """Audit, say what came of it, and give the exit code."""
    uv = str(Path(sys.executable).with_name("uv"))
    words = [uv, "tool", "run", "--quiet", PIP_AUDIT, "--requirement", str(LOCK), "--require-hashes"]
    words += ["--disable-pip", "--progress-spinner", "off", "--format", "json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    try:
        told = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
        sys.stdout.write(f"not audited: {reason}\nrun make audit where there is a network\n")
        return NOT_AUDITED
    said, code = verdict(told)
    sys.stdout.write(said + "\n")
    return code


def verdict(packages: list[dict[str, Any]]) -> tuple[str, int]:
    """Say what pip-audit found of each package, and give the exit code."""
    audited = [package for package in packages if "skip_reason" not in package]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if not audited:
        return "not audited: the registry here gives no advisories; run make audit elsewhere", NOT_AUDITED
    lines = [
        f"{package['name']} {package['version']}: {each['id']}, mended in {each['fix_versions'] or 'none'}"
        for package in audited
        for each in package["vulns"]
    ]
    code = HOLED if lines else NOT_AUDITED if skipped else SOUND
    lines.append(f"{len(audited)} of {len(packages)} locked packages audited, {len(lines)} advisories")
    if skipped:
        lines.append(f"not audited, for they are not known there: {', '.join(skipped)}")
    return "\n".join(lines), code


if __name__ == "__main__":
    sys.exit(main())
