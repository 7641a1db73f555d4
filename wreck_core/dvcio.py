"""The DVC door: its graph of stages, what is stale, data versioned, forgotten, pushed, read as it was."""

import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wreck_core import dvcmend, files
from wreck_core.errors import InputError, WreckError
from wreck_core.repro import busy

if TYPE_CHECKING:
    from dvc.repo import Repo

Graph = dict[str, list[str]]

TEXT_BEGINS = (b"{", b"<", b"s")  # JSON, HTML, a CSV whose first column is sha256: what we version as text


@dataclass(frozen=True)
class Stale:
    """What DVC would do again: `stages` by name, and tracked `data` files that changed on disk."""

    stages: frozenset[str]
    data: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.stages or self.data)


@contextmanager
def _repository(root: Path) -> Iterator["Repo"]:
    from dvc.exceptions import DvcException, NotDvcRepoError
    from dvc.lock import LockError
    from dvc.repo import Repo

    dvcmend.mend(root, (root / "data").glob("*.dvc"))
    faults = _DiskFaults()
    try:
        with faults.listening(), Repo(str(root), _wait_for_lock=True) as repo:
            repo.scm_context.quiet = True  # gitio.publish does what it would advise
            yield repo
    except NotDvcRepoError:
        raise InputError("is no DVC repository", where=str(root), fix="run `dvc init` there") from None
    except LockError as error:
        raise busy(root, str(error)) from None
    except DvcException as error:
        if faults.first:
            raise files.not_written(root, faults.first) from error
        raise WreckError(f"DVC: {error}", where=str(root)) from error


class _DiskFaults(logging.Handler):
    """Keeps the first fault of the disk that DVC logs: its exception then speaks of something else.

    DVC's own lines of such faults are not shown: we tell the first, once.
    """

    first: OSError | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        logger = logging.getLogger("dvc_data")
        shown = list(logger.handlers)
        for handler in shown:
            handler.addFilter(_is_other)
        logger.addHandler(self)
        try:
            yield
        finally:
            logger.removeHandler(self)
            for handler in shown:
                handler.removeFilter(_is_other)

    def emit(self, record: logging.LogRecord) -> None:
        fault = record.exc_info[1] if record.exc_info else None
        if isinstance(fault, OSError) and not self.first:
            self.first = fault


def _is_other(record: logging.LogRecord) -> bool:
    """Whether a line of DVC's log tells of something else than the disk."""
    return not (record.exc_info and isinstance(record.exc_info[1], OSError))


def stage_graph(root: Path) -> Graph:
    """Give each stage of dvc.yaml with the stages it depends on, in an order in which they can run."""
    from dvc.stage import PipelineStage

    with _repository(root) as repo:
        graph = repo.index.graph  # an edge leads from a stage to what it depends on
        upstream = {
            stage.name: sorted(up.name for up in graph.successors(stage) if isinstance(up, PipelineStage))
            for stage in graph
            if isinstance(stage, PipelineStage)
        }
    return {name: upstream[name] for name in TopologicalSorter(upstream).static_order()}


def downstream(graph: Mapping[str, list[str]], stages: Iterable[str]) -> set[str]:
    """Give `stages` and all that depend on them. `graph` is in running order, as from `stage_graph`."""
    reached = set(stages)
    for name, upstream in graph.items():
        if reached.intersection(upstream):
            reached.add(name)
    return reached


def stale(root: Path) -> Stale:
    """Ask DVC which stages and which versioned data differ from what it has on record."""
    from dvc.stage import PipelineStage

    with _repository(root) as repo:
        changed: dict[str, Any] = repo.status()
        stages = [stage for stage in repo.index.stages if stage.addressing in changed]
        return Stale(
            stages=frozenset(stage.name for stage in stages if isinstance(stage, PipelineStage)),
            data=tuple(
                sorted(stage.path_in_repo for stage in stages if not isinstance(stage, PipelineStage))
            ),
        )


def snapshot(root: Path, paths: Iterable[Path]) -> list[str]:
    """Version those of `paths` that exist and changed, as `dvc add` does; give them relative to `root`.

    Raises InputError when a folder holds a symbolic link: DVC would follow it out of the workspace.
    """
    present = [path for path in paths if path.exists()]
    for path in present:
        _refuse_links(path)
    dirty = set(stale(root).data)
    names = [path.relative_to(root).as_posix() for path in present]
    changed = [name for name in names if f"{name}.dvc" in dirty or not (root / f"{name}.dvc").is_file()]
    if changed:
        with _repository(root) as repo:
            objects = Path(repo.cache.local.path)
            repo.add([str(root / name) for name in changed])
        dvcmend.sweep(root, objects, {path.parent for path in present})
    return changed


def _refuse_links(path: Path) -> None:
    for below in (path, *path.rglob("*")):
        if below.is_symlink():
            raise InputError(
                "is a symbolic link", where=str(below), fix="remove it; pictures are plain files"
            )


def forget(root: Path, names: Collection[str]) -> int:
    """Delete versioned pictures from the cache and the default remote; count the objects.

    `names` are the pictures' file names without extension. Of text files (reports, label events), and
    of tables with URLs, every version that names one of them goes too. Older commits can then no
    longer be checked out whole.
    """
    if not (root / ".dvc").is_dir():
        return 0
    with _repository(root) as repo:
        cache = repo.cache.local
        remote = repo.cloud.get_remote_odb() if repo.config["core"].get("remote") else None
        doomed: set[str] = set()
        for oid in cache.all():
            path = Path(cache.oid_to_path(oid))
            if oid.endswith(".dir"):
                doomed.update(entry["md5"] for entry in _listed(path) if Path(entry["relpath"]).stem in names)
            elif _tells_of(path, names):
                doomed.add(oid)
        for oid in sorted(doomed):
            for store in (cache, remote):
                if store is not None and store.exists(oid):
                    store.delete(oid)
    return len(doomed)


def _listed(path: Path) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return entries


def _tells_of(path: Path, names: Collection[str]) -> bool:
    """Whether a cached file is a text that names one of the pictures, or a table that knows its URL."""
    with path.open("rb") as handle:
        head = handle.read(8)
    if head.startswith(b"PAR1"):
        return _table_tells_of(path, names)
    if head[:1] not in TEXT_BEGINS:
        return False
    data = path.read_bytes()
    return any(name.encode() in data for name in names)


def _table_tells_of(path: Path, names: Collection[str]) -> bool:
    import pyarrow.parquet

    table = pyarrow.parquet.ParquetFile(path)
    if not {"sha256", "url"} <= set(table.schema_arrow.names):
        return False
    return not set(names).isdisjoint(table.read(["sha256"])["sha256"].to_pylist())


def files_in_git(root: Path) -> list[str]:
    """Give the files that DVC leaves to git, relative to `root`: dvc.lock, *.dvc, uncached outputs."""
    with _repository(root) as repo:
        left_to_git = {
            Path(out.fs_path).relative_to(root.resolve()).as_posix()
            for stage in repo.index.stages
            for out in stage.outs
            if not out.use_cache
        }
        pointers = {stage.path_in_repo for stage in repo.index.stages if stage.path_in_repo.endswith(".dvc")}
    return sorted({"dvc.lock", *left_to_git, *pointers})


def read_at(root: Path, revision: str, name: str) -> str:
    """Give the text of the file `name`, relative to `root`, as git revision `revision` has it.

    Raises InputError when there is no such revision or file, or its data is neither in the cache nor
    at the remote.
    """
    import dvc.api
    from dvc.exceptions import DvcException
    from scmrepo.exceptions import SCMError

    try:
        return str(dvc.api.read(name, repo=str(root), rev=revision, encoding="utf-8"))
    except (DvcException, SCMError, OSError) as error:
        raise InputError(
            f"cannot be read: {error}",
            where=f"{name} at {revision}",
            fix="name a folder or a git revision whose data is in DVC's cache or at its remote",
        ) from None


def cached(root: Path, pointer: str) -> bytes | None:
    """Give the file that the text of a .dvc file speaks of; None when it is not in the cache."""
    import yaml

    with _repository(root) as repo:
        path = Path(repo.cache.local.oid_to_path(yaml.safe_load(pointer)["outs"][0]["md5"]))
    return path.read_bytes() if path.exists() else None


def recorded_objects(root: Path) -> tuple[Path, dict[str, str]]:
    """Give the folder of the cache's objects, and those that dvc.lock and the .dvc files rest on.

    The latter as {md5: path of the output, relative to `root`}; a folder's md5 ends in `.dir`.
    """
    with _repository(root) as repo:
        outs = [out for stage in repo.index.stages for out in stage.outs if out.use_cache and out.hash_info]
        named = {
            str(out.hash_info.value): Path(out.fs_path).relative_to(root.resolve()).as_posix() for out in outs
        }
        return Path(repo.cache.local.path), named


def push(root: Path) -> bool:
    """Send the versioned data to DVC's default remote; False when there is none."""
    with _repository(root) as repo:
        if not repo.config["core"].get("remote"):
            return False
        repo.push()
    return True
