"""What a DVC that was killed, or had no space left, leaves behind: it writes its own files in place.

A torn table of locks, dvc.lock or .dvc file would stop every later DVC command until somebody deleted it.
Nothing is lost with them: the data is where it was, and of dvc.lock there is a copy beside our live state.
"""

import fcntl
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from wreck_core import files

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONFLICT = "<<<<<<<"  # a merge that a person has to settle
CLOCKS_S = 2.0  # by which the times of a process and of a file may differ
_RANDOM = "[!.]" * 22  # what DVC calls its temporary files


def mend(root: Path, pointers: Iterable[Path] = ()) -> None:
    """Delete DVC's torn table of locks and those of `pointers`, .dvc files, that are torn; put dvc.lock back.

    A table that names only processes that are gone counts as torn: DVC would wait for another that has the
    number of one, as after a restart. A file is left alone while a living DVC command holds the lock that it
    is written under.
    """
    state = root / ".dvc" / "tmp"
    table = state / "rwlock"
    _delete(table, partial(_is_table_of_locks, table), state / "rwlock.lock")
    for pointer in pointers:
        _delete(pointer, partial(_is_pointer, pointer.stem), state / "lock")
    _keep(root / "dvc.lock", root / ".wreck" / "dvc.lock", state / "lock")


def _keep(path: Path, copy: Path, lock: Path) -> None:
    """Keep a copy of dvc.lock as long as it is whole, and put it back when it is not."""
    kept = _text(copy) if copy.is_file() else ""
    if not _is_lock_file(kept):
        kept = ""

    def is_whole(text: str) -> bool:
        return _is_lock_file(text) and (text == kept or not kept.startswith(text))

    if _delete(path, is_whole, lock):
        if kept:
            files.write_text(path, kept)
    elif path.exists() and (text := _text(path)) != kept and is_whole(text):
        files.write_text(copy, text)


def sweep(root: Path, objects: Path, folders: Iterable[Path]) -> None:
    """Delete temporary files that a killed DVC left among its objects and in folders that it linked into."""
    with _holding(root / ".dvc" / "tmp" / "lock") as held:
        if held:
            strays = [
                *objects.glob(f".{_RANDOM}.tmp"),
                *objects.glob("??/.*.tmp"),
                *objects.glob("??/*.*.tmp"),
            ]
            for folder in folders:
                strays += folder.glob(f".{_RANDOM}.tmp")
            for stray in strays:
                stray.unlink(missing_ok=True)


def _delete(path: Path, is_whole: Callable[[str], bool], lock: Path) -> bool:
    """Delete a file that is torn, under the lock that its writers hold; say whether it was."""
    if _is_torn(path, is_whole):
        with _holding(lock) as held:
            if held and _is_torn(path, is_whole):
                path.unlink()
                return True
    return False


def _is_torn(path: Path, is_whole: Callable[[str], bool]) -> bool:
    if not path.is_file():
        return False
    text = _text(path)
    return _CONFLICT not in text and not is_whole(text)


def _text(path: Path) -> str:
    # What is no UTF-8 is torn, or becomes so: DVC itself would not read it.
    return path.read_text(encoding="utf-8", errors="replace")


@contextmanager
def _holding(lock: Path) -> Iterator[bool]:
    """Hold DVC's lock for the block, if nobody else does; say so."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _is_table_of_locks(path: Path, text: str) -> bool:
    """Whether the table is whole, and names nobody or some process that was there when it was written."""
    try:
        table = json.loads(text)
        held = [*table.get("write", {}).values(), *chain.from_iterable(table.get("read", {}).values())]
        processes = {int(one["pid"]) for one in held}
    except (ValueError, AttributeError, KeyError, TypeError):
        return False
    return not processes or any(_was_there(process, path) for process in processes)


def _was_there(process: int, path: Path) -> bool:
    import psutil

    try:
        return psutil.Process(process).create_time() <= path.stat().st_mtime + CLOCKS_S
    except psutil.NoSuchProcess:
        return False


def _is_lock_file(text: str) -> bool:
    """Whether dvc.lock was written to its end: every stage with its command, every entry with its path."""
    stages = _read(text).get("stages")
    return isinstance(stages, dict) and all(
        isinstance(stage, dict) and "cmd" in stage and all(map(_are_entries, _lists(stage)))
        for stage in stages.values()
    )


def _lists(stage: dict[str, Any]) -> Iterator[Any]:
    return (value for name, value in stage.items() if name in ("deps", "outs"))


def _are_entries(entries: Any) -> bool:
    return isinstance(entries, list) and all(isinstance(entry, dict) and "path" in entry for entry in entries)


def _is_pointer(name: str, text: str) -> bool:
    """Whether a .dvc file was written to its end, which is the path."""
    outs = _read(text).get("outs")
    return isinstance(outs, list) and any(isinstance(out, dict) and out.get("path") == name for out in outs)


def _read(text: str) -> dict[str, Any]:
    try:
        held = yaml.load(text, _LOADER) if text.endswith("\n") else None  # noqa: S506 - a safe loader
    except yaml.YAMLError:
        held = None
    return held if isinstance(held, dict) else {}
