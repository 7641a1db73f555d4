"""The git door: one commit of exactly the files that the project owns.

The commit is made from a private index, so what somebody else has staged or edited stays as it is.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from wreck_core.errors import WreckError

# Used only where git knows no identity, as on a fresh server.
FALLBACK_NAME = "Wreck Detect"
FALLBACK_EMAIL = "wreck-detect@localhost"


def publish(root: Path, paths: Iterable[str], message: str, *, branch: str = "") -> str | None:
    """Commit the working state of `paths` (relative to `root`) and nothing else.

    `branch` names the branch that moves, which is made when missing; empty means the current one.
    On another branch the commit holds that branch's files and the current commit's beside ours, and joins
    both histories; the checkout does not move. Returns the commit's 40 hex digits, or None when there is
    nothing new or `root` lies outside git. Raises WreckError with git's own words, and when both histories
    changed a file that is not ours.
    """
    if not _succeeds(root, "rev-parse", "--verify", "--quiet", "HEAD"):
        return None
    current = _git(root, "branch", "--show-current")
    moves_checkout = branch in ("", current)
    ref = f"refs/heads/{branch or current}" if branch or current else "HEAD"  # HEAD when it is detached
    head = _git(root, "rev-parse", "HEAD")
    tip = _git(root, "rev-parse", ref) if _succeeds(root, "rev-parse", "--verify", "--quiet", ref) else ""
    known = [path for path in paths if _is_known(root, path)]

    joined = bool(tip) and _succeeds(root, "merge-base", "--is-ancestor", head, tip)
    commits = [tip or head] if joined or not tip else [_git(root, "merge-base", tip, head), tip, head]
    tree = _tree_with(root, commits, known)
    if tree == _git(root, "rev-parse", f"{tip or head}^{{tree}}"):
        return None
    parents = [tip] if joined else [tip, head] if tip else [head]
    parent_words = [word for parent in parents for word in ("-p", parent)]
    commit = _git(root, "commit-tree", tree, *parent_words, "-m", message, environment=_identity(root))
    _git(root, "update-ref", ref, commit, tip)  # refused when somebody moved the branch meanwhile
    if moves_checkout and known:
        _git(root, "add", "--all", "--", *known)  # else the index would show our commit undone
    return commit


def tip(root: Path, branch: str = "") -> str:
    """Name the commit that a next one on `branch` would follow: its last, or else what is checked out."""
    return branch if branch and _succeeds(root, "rev-parse", "--verify", "--quiet", branch) else "HEAD"


def read_at(root: Path, revision: str, path: str) -> bytes | None:
    """Give a file as a git revision has it; None when it, the revision or git itself is not there."""
    done = subprocess.run(  # noqa: S603 - git's own words
        ["git", "show", f"{revision}:./{path}"],  # noqa: S607 - git lies on PATH
        cwd=root,
        capture_output=True,
        check=False,
    )
    return None if done.returncode else done.stdout


def _tree_with(root: Path, commits: list[str], paths: list[str]) -> str:
    """Write a tree of a commit with the working state of `paths`, past the user's index.

    Three commits are joined: where two histories parted, and both. Raises WreckError when both changed a file
    that is not among `paths`.
    """
    join = ("-i", "-m", "--aggressive") if len(commits) == 3 else ()
    with tempfile.TemporaryDirectory() as folder:
        private = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        _git(root, "read-tree", *join, *commits, environment=private)
        if paths:
            _git(root, "add", "--all", "--", *paths, environment=private)
        both = _git(root, "ls-files", "--unmerged", environment=private).splitlines()
        if both:
            names = ", ".join(sorted({line.partition("\t")[2] for line in both}))
            what = f"the branch to commit on and what is checked out both changed {names}"
            raise WreckError(what, where=str(root), fix="merge one into the other")
        return _git(root, "write-tree", environment=private)


def _is_known(root: Path, path: str) -> bool:
    return (root / path).exists() or _succeeds(root, "cat-file", "-e", f"HEAD:./{path}")


def _identity(root: Path) -> dict[str, str]:
    if _succeeds(root, "var", "GIT_COMMITTER_IDENT") and _succeeds(root, "var", "GIT_AUTHOR_IDENT"):
        return {}
    return {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", FALLBACK_NAME), ("EMAIL", FALLBACK_EMAIL))
    }


def _run(
    root: Path, words: tuple[str, ...], environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - git's own words and paths after `--`
        ["git", *words],  # noqa: S607 - git lies on PATH
        cwd=root,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def _succeeds(root: Path, *words: str) -> bool:
    return _run(root, words).returncode == 0


def _git(root: Path, *words: str, environment: Mapping[str, str] | None = None) -> str:
    done = _run(root, words, environment)
    if done.returncode:
        raise WreckError(f"git {words[0]}: {done.stderr.strip()}", where=str(root))
    return done.stdout.strip()


def push(root: Path, branch: str = "") -> bool:
    """Push `branch` (empty: the current one) to its remote, or else to the first; False when there is none.

    Raises WreckError when no branch is checked out and none is named, and with git's own words.
    """
    remotes = _git(root, "remote").split()
    if not remotes:
        return False
    name = branch or _git(root, "branch", "--show-current")
    if not name:  # git would push every branch that the remote has too
        raise WreckError("no branch is checked out to push", where=str(root), fix="say `nightly: branch:`")
    own = _run(root, ("config", "--get", f"branch.{name}.remote")).stdout.strip()
    remote = own if own in remotes else "origin" if "origin" in remotes else remotes[0]
    ref = f"refs/heads/{name}"
    _git(root, "push", remote, f"{ref}:{ref}", environment={"GIT_TERMINAL_PROMPT": "0"})
    return True
