"""Workspaces apart from the repository: clones of its committed state, and commands in them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import wreck_core
from wreck_core.errors import InputError, WreckError

REPOSITORY = Path(wreck_core.__file__).resolve().parents[1]
_MARK = "wreck.purpose"  # in the clone's git config


def clone(folder: Path, purpose: str, *, afresh: bool) -> None:
    """Clone the repository's committed state into `folder`, marked with its purpose.

    An earlier clone of the same purpose is kept and follows the repository, or is replaced when `afresh`.
    Raises InputError when anything else lies there, or when this package is not in a git checkout,
    WreckError when the earlier clone has changes of its own where the repository has others.
    """
    if not (REPOSITORY / ".git").exists():
        raise InputError(
            "is no git checkout", where=str(REPOSITORY), fix="clone the repository and run from there"
        )
    if folder.exists() and any(folder.iterdir()):
        mark = subprocess.run(  # noqa: S603 - fixed words
            ["git", "-C", str(folder), "config", "--local", "--get", _MARK],  # noqa: S607 - git lies on PATH
            capture_output=True,
            text=True,
            check=False,
        )
        if mark.stdout.strip() != purpose:
            raise InputError(
                f"holds something else than a {purpose}", where=str(folder), fix="name another folder"
            )
        if not afresh:
            _follow(folder)
            return
        shutil.rmtree(folder)
    run(REPOSITORY, "git", "clone", "--quiet", "--local", str(REPOSITORY), str(folder.resolve()))
    for key, value in (
        (_MARK, purpose),
        ("user.name", "Wreck Detect"),
        ("user.email", "wreck-detect@localhost"),
    ):
        run(folder, "git", "config", key, value)


def _follow(folder: Path) -> None:
    """Merge what was committed since: stages and code of two states would not go together."""
    try:
        run(folder, "git", "pull", "--quiet", "--no-rebase", "--no-edit", str(REPOSITORY), "HEAD")
    except WreckError as error:
        run(folder, "git", "merge", "--abort", ends=(0, 128))  # 128: it had not begun
        raise WreckError(
            "changed where the repository changed too",
            where=str(folder),
            fix="undo or merge these changes there, or delete the folder to begin afresh",
        ) from error


def run(folder: Path, *words: str, ends: tuple[int, ...] = (0,)) -> int:
    """Run a command in `folder`, its output shown as it comes, this environment's programs first on the PATH.

    Returns its exit code. Raises WreckError when that is not one of `ends`.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "WRECK_WORKSPACE": str(folder.resolve())}
    done = subprocess.run(words, cwd=folder, env=environment, check=False)  # noqa: S603 - our own words
    if done.returncode not in ends:
        raise WreckError(f"`{' '.join(words)}` ended with exit code {done.returncode}", where=str(folder))
    return done.returncode
