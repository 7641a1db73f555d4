"""Our commands in processes whose n-th touch of the workspace's disk kills them, or fails.

`Commands` keeps one process that has imported the project; each run is a fork of it, a real process that can
be killed. In the fork every open for writing, write, fsync, rename, unlink, mkdir and commit below the
workspace is a point; no product code knows of it. What C libraries write themselves is no point: full disks
and random kills are for these.
"""

import builtins
import datetime
import errno
import importlib
import io
import itertools
import json
import os
import pkgutil
import platform
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

KILL = "kill"
SQLITE_NAMES = {"ENOSPC": "SQLITE_FULL", "EIO": "SQLITE_IOERR_WRITE", "EMFILE": "SQLITE_CANTOPEN"}
# Hashes, the folders named by their beginning, and the names of temporary files.
RANDOM = re.compile(
    rf"(?<=/)[0-9a-f]{{2}}(?=/|$)|[0-9a-f]{{30,}}|{re.escape(platform.node())}-\d+-\d+(?=\.tmp)"
    r"|(?<=\.)[\w-]{22}(?=\.tmp)"
    r"|(?<=scrape-)[\dT-]+|(?<=/tmp)\w{8}(?=/|$)"
)
JUMPS_S = (0, -86_400, 315_360_000)  # a clock that shows today, yesterday and the next decade in turns
LAZY = ("wreck_core.training", "wreck_core.labeling.window", "wreck_core.__main__")  # TensorFlow, Qt


Point = tuple[str, int]  # its name, and which of those that are called so: the first is 1


@dataclass(frozen=True)
class Run:
    """What became of a command: exit code (negative: the signal), what it said, the points it came by."""

    code: int
    said: str
    names: list[str] = field(default_factory=list)

    def points(self) -> list[Point]:
        """Give the first point of each name, and the middle one where there are more than two."""
        counts = Counter(self.names)
        return [
            (name, number)
            for name, count in counts.items()
            for number in ((1, count // 2 + 1) if count > 2 else (1,))
        ]


class Commands:
    """A process from which commands are forked; a context manager."""

    def __enter__(self) -> "Commands":
        words = [sys.executable, str(Path(__file__)), "serve"]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()

    def run(
        self, workspace: Path, *words: str, at: Point | None = None, fault: str = KILL, jumping: bool = False
    ) -> Run:
        """Run `wreck WORDS` in a workspace; the point `at` meets the fault."""
        asked = {"workspace": str(workspace.resolve()), "words": words, "at": at, "fault": fault}
        print(json.dumps({**asked, "jumping": jumping}), file=self._process.stdin, flush=True)
        return Run(**json.loads(self._process.stdout.readline()))


class Points:
    """Counts the touches of a workspace, and lets one of them meet the fault."""

    def __init__(self, workspace: str, at: Point | None, fault: str, log: int) -> None:
        self._root, self._fault, self._log = workspace + "/", fault, log
        self._name, self._left = at or ("", 0)
        self._lock = threading.Lock()
        self._full = ""  # a file that takes no more since a write into it failed

    def reach(self, what: str, path: str, before: Callable[[], object] | None = None) -> None:
        """Come by a point; `before` is what a torn touch still does."""
        where = os.path.abspath(path)  # noqa: PTH100 - pathlib would come by here again
        if not where.startswith(self._root):
            return
        name = f"{what} {RANDOM.sub('*', where.removeprefix(self._root))}"
        os.write(self._log, f"{name}\n".encode())
        with self._lock:
            self._left -= name == self._name
            if what == "write" and where == self._full:
                before = None
            elif name != self._name or self._left:
                return
        if before:
            before()
        if self._fault == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "commit":
            error = sqlite3.OperationalError("the disk failed")
            error.sqlite_errorname = SQLITE_NAMES[self._fault]
            raise error
        if what == "write":
            self._full = where
        number = getattr(errno, self._fault)
        raise OSError(number, os.strerror(number), where)


def lay(points: Points) -> None:
    """Let whatever this process does to the disk come by the points."""
    for name in ("replace", "rename", "unlink", "remove", "mkdir"):
        setattr(os, name, _watched(getattr(os, name), name, points))
    fsync, opened = os.fsync, os.open

    def watched_fsync(handle: int) -> None:
        points.reach("fsync", str(Path(f"/proc/self/fd/{handle}").readlink()))
        fsync(handle)

    def watched_open(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            points.reach("open", os.fspath(path))
        return opened(path, flags, *more, **named)

    os.fsync, os.open = watched_fsync, watched_open
    builtins.open = io.open = _watched_files(io.open, points)

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
            if sql != "COMMIT":
                return super().execute(sql, *more)
            path = super().execute("PRAGMA database_list").fetchone()[2]
            points.reach("commit", path)
            done = super().execute(sql, *more)
            points.reach("committed", path)
            return done

    connect = sqlite3.connect

    def watched_connect(*words: Any, **named: Any) -> sqlite3.Connection:
        return connect(*words, **{"factory": Connection, **named})

    sqlite3.connect = watched_connect


def _watched(touch: Callable[..., Any], name: str, points: Points) -> Callable[..., Any]:
    def watched(path: Any, *more: Any, **named: Any) -> Any:
        if isinstance(path, str | os.PathLike):
            points.reach(name, os.fspath(path))
        return touch(path, *more, **named)

    return watched


def _watched_files(opened: Callable[..., Any], points: Points) -> Callable[..., Any]:
    class Raw(io.FileIO):
        def write(self, data: Any) -> int:
            half = bytes(memoryview(data)[: len(data) // 2])
            points.reach("write", str(self.name), lambda: io.FileIO.write(self, half))
            return super().write(data)

    def watched(
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        if isinstance(file, int) or not set(mode) & set("wax+"):
            return opened(file, mode, buffering, encoding, errors, newline, closefd, opener)
        points.reach("open", os.fspath(file))
        raw = Raw(os.fspath(file), mode.replace("t", "").replace("b", ""), closefd, opener)
        if buffering == 0:
            return raw
        buffer = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        if "b" in mode:
            return buffer
        return io.TextIOWrapper(buffer, encoding, errors, newline, buffering == 1)

    return watched


def jump() -> None:
    """Let the wall clock of the project's modules jump at every look; monotonic time goes on."""
    shifts, clock, true = itertools.cycle(JUMPS_S), time.time, datetime.datetime

    class Jumping(true):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return true.now(tz) + datetime.timedelta(seconds=next(shifts))

    time.time = lambda: clock() + next(shifts)
    for name, module in list(sys.modules.items()):
        if name.startswith("wreck_core") and getattr(module, "datetime", None) is true:
            module.datetime = Jumping


def import_all() -> None:
    """Import the project but for what starts threads or windows: a fork has little left to import."""
    import dvc.repo  # noqa: F401 - before faults begin

    import wreck_core

    for found in pkgutil.walk_packages(wreck_core.__path__, "wreck_core."):
        if not found.name.startswith(LAZY):
            importlib.import_module(found.name)


def serve(cli: ModuleType, folder: Path) -> None:
    """Answer each request of standard input by a line: one forked run."""
    said, log = folder / "said", folder / "points"
    for line in sys.stdin:
        asked = json.loads(line)
        said.write_bytes(b"")
        log.write_bytes(b"")
        child = os.fork()
        if not child:
            _act(cli, asked, said, log)
        _, status = os.waitpid(child, 0)
        run = Run(
            os.waitstatus_to_exitcode(status), said.read_text(errors="replace"), log.read_text().splitlines()
        )
        sys.stdout.write(json.dumps(asdict(run)) + "\n")
        sys.stdout.flush()


def _act(cli: ModuleType, asked: dict[str, Any], said: Path, log: Path) -> None:
    """Be the command, to the end of the process."""
    code = 70
    try:
        os.chdir(asked["workspace"])
        os.environ["WRECK_WORKSPACE"] = asked["workspace"]
        for stream, flags in ((1, os.O_WRONLY | os.O_APPEND), (2, os.O_WRONLY | os.O_APPEND)):
            os.dup2(os.open(said, flags), stream)
        if asked["jumping"]:
            jump()
        lay(Points(asked["workspace"], asked["at"], asked["fault"], os.open(log, os.O_WRONLY | os.O_APPEND)))
        cli.app(asked["words"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - what Python would do with it
        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    import wreck_core.cli

    import_all()
    with TemporaryDirectory() as outside:
        serve(wreck_core.cli, Path(outside))
