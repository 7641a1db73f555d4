"""Files that are never half-written: temp file, sync, rename; and one lock by name.

Every file that a stage leaves under its final name goes through here, so a kill -9 at any
moment leaves either the old file or the new one.
"""

import ctypes
import errno
import fcntl
import json
import os
import platform
import shutil
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from wreck_core.errors import BusyError, InputError, StorageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

# What numpy and zipfile raise of bytes that a disk changed.
_BROKEN = (AttributeError, BadZipFile, EOFError, MemoryError, OSError, RuntimeError, ValueError, zlib.error)
_LIBC = ctypes.CDLL(None, use_errno=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success fsync it and rename it into place.

    Temporary files that killed processes left of `path` are deleted.
    Raises StorageError when the disk is full or fails, naming the path.
    """
    temp = _temp(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        try:
            yield temp
            _fsync(temp)
            temp.replace(path)
        except BaseException:
            temp.unlink(missing_ok=True)
            raise
        _fsync(path.parent)
    except OSError as error:
        raise not_written(path, error) from error


def _temp(path: Path) -> Path:
    # Threads may write the same content-addressed file at once.
    return path.with_name(f"{_stem(path)}{os.getpid()}-{threading.get_ident()}.tmp")


def _stem(path: Path) -> str:
    # With the machine's name: folders are shared, and only a machine itself knows which processes are alive.
    return f".{path.name}.{platform.node()}-"


def _sweep(path: Path) -> None:
    for stray in path.parent.glob(f"{escape(_stem(path))}*-*.tmp"):
        process = stray.name.removeprefix(_stem(path)).partition("-")[0]
        if process.isdecimal() and not _is_alive(int(process)):
            stray.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def not_written(path: Path, error: OSError) -> StorageError:
    """Say which file the disk refused and why; of a full disk, how many bytes are left."""
    what, fix = f"could not be written: {error.strerror or error}", "free some space or mend the disk"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        what += f" ({_free_bytes(path):,} bytes are free)"
    elif error.errno in (errno.EMFILE, errno.ENFILE):
        fix = "allow more open files (ulimit -n)"
    elif error.errno in (errno.EISDIR, errno.ENOTDIR, errno.EACCES, errno.EPERM):
        fix = "move away what is in its place, or get the right to write there"
    return StorageError(what, where=str(path), fix=f"{fix}, then run the same command again; nothing is lost")


def _free_bytes(path: Path) -> int:
    there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` at once or not at all."""
    with replacing(path) as temp:
        temp.write_bytes(data)


def write_once(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole, unless it is there: for many files named by their content.

    Durable only after `settle`: a loss of power before may leave other bytes there, which are replaced.
    Raises StorageError as `replacing` does.
    """
    temp = _temp(path)
    try:
        if path.exists() and path.read_bytes() == data:
            return
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temp.write_bytes(data)
            temp.replace(path)
        except BaseException:
            temp.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise not_written(path, error) from error


def settle(folder: Path) -> None:
    """Make durable what came by `write_once`, bytes and names, on the whole file system of a folder.

    To sync a thousand files one by one takes ten times as long as all of them at once.
    Raises StorageError as `replacing` does.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            if not hasattr(_LIBC, "syncfs"):  # not Linux
                os.sync()
            elif _LIBC.syncfs(handle):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        finally:
            os.close(handle)
    except OSError as error:
        raise not_written(folder, error) from error


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with LF line ends, at once or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON in the key order given; NaN is refused."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises InputError when it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "JSON file") from error


def read_table(path: Path, columns: list[str] | None = None) -> "pd.DataFrame":
    """Read a Parquet file, or some columns of it. Raises InputError when it is damaged."""
    import pandas as pd

    with path.open("rb") as table:  # pyarrow's own errors do not tell a missing file from a broken one
        try:
            return pd.read_parquet(table, columns=columns)
        except (OSError, ValueError, KeyError, NotImplementedError, MemoryError) as error:
            raise _damaged(path, "Parquet table") from error


def read_arrays(path: Path) -> "dict[str, NDArray[Any]]":
    """Read every array of an .npz file. Raises InputError when it is damaged."""
    import numpy as np

    with path.open("rb") as stored:
        try:
            arrays = np.load(stored, allow_pickle=False)
            return {name: arrays[name] for name in arrays.files}
        except _BROKEN as error:
            raise _damaged(path, "file of arrays") from error


def _damaged(path: Path, kind: str) -> InputError:
    return InputError(
        f"is damaged: it is no {kind}, or not all of one",
        where=str(path),
        fix="take it back with `dvc checkout` or `git checkout`, or delete it and run what wrote it again",
    )


@contextmanager
def locked(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock `name` for the length of the block.

    It is a flock: a kill -9 frees it. Raises BusyError at once, naming the holder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.lock"
    with path.open("a+", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read().strip() or "unknown process"
            raise BusyError(
                f"busy: {name} is held by {holder}",
                where=str(path),
                fix="wait for it to end, or stop that process",
            ) from None
        handle.truncate(0)
        handle.write(f"process {os.getpid()}")
        handle.flush()
        yield


def locks_of(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the kind (READ, WRITE) of each POSIX lock on a file, and its process, where Linux tells."""
    locks = Path("/proc/locks")
    if locks.exists() and path.exists():
        for line in locks.read_text(encoding="ascii").splitlines():
            # 1: POSIX ADVISORY WRITE 4711 fe:01:1234 120 120 (process, device and inode, first and last byte)
            words = line.split()
            if words[1] == "POSIX" and words[5].endswith(f":{path.stat().st_ino}"):
                yield words[3], f"process {words[4]}"
