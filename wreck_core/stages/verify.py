"""verify: hold everything that is kept against its hashes, at any time; it changes nothing.

DVC trusts its cache by name (treeverse/dvc#5978) and its lock though inputs moved during a run
(treeverse/dvc#11058); a disk may flip a bit under either.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from wreck_core import dvcio, files, hashed, provenance
from wreck_core.dataset import folds as fold_file
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.summary import Summary, count

_TOLD = 20  # faults on the screen; --json has them all


class Fault(NamedTuple):
    """One thing that is not as it was recorded: what kind, where, and what to do."""

    kind: str
    where: str
    what: str
    fix: str


def run(params: Params, layout: Layout) -> Summary:
    """Check the store, the manifest and its folds, DVC's cache, and every stage's record; not ok on a fault.

    Stages that DVC itself calls stale are told, and are no fault: `dvc repro` brings them up to date.
    """
    faults = [*_store(layout), *_manifest(params, layout)]
    stale: list[str] = []
    if layout.dvc_yaml.exists() and (layout.root / ".dvc").is_dir():
        faults += _cache(layout)  # first: asking DVC what is stale makes it drop some rotten objects
        stale = sorted(dvcio.stale(layout.root).stages)
        faults += _lies(layout, stale)
    kinds = pd.Series([fault.kind for fault in faults], dtype=str).value_counts()
    return Summary(
        headline=count(len(faults), "fault") if faults else "all is as it was recorded",
        rows=tuple((str(kind), int(many)) for kind, many in kinds.items()),
        notes=(
            *(f"{fault.where}: {fault.what}; {fault.fix}" for fault in faults[:_TOLD]),
            *([f"and {len(faults) - _TOLD} more: --json has them all"] if len(faults) > _TOLD else []),
            *([f"stale, which is no fault: {', '.join(stale)}"] if stale else []),
        ),
        ok=not faults,
        data={"faults": [fault._asdict() for fault in faults], "stale": stale},
    )


def _store(layout: Layout) -> Iterator[Fault]:
    """Hash every stored picture; find those that candidates.parquet names and that are gone."""
    paths = sorted(path for path in layout.images.glob("*/*") if not path.name.startswith("."))
    for path in hashed.changed_pictures(paths):
        yield Fault(
            "picture changed",
            layout.relative(path),
            "its bytes are not those that it is named by",
            "delete it, then run `dvc checkout`, or `wreck scrape` with its list again",
        )
    if layout.candidates.exists():
        there = {layout.relative(path) for path in paths}
        named = files.read_table(layout.candidates, columns=["path"])["path"].unique()
        for path in sorted(set(named) - there):
            yield Fault("picture gone", path, "is missing", "run `dvc checkout`, or scrape its list again")


def _manifest(params: Params, layout: Layout) -> Iterator[Fault]:
    """Hold the manifest against the sticky folds: same pictures, same places, no cluster in two folds."""
    if not layout.manifest.exists():
        return
    manifest = files.read_table(layout.manifest)
    places = manifest[["cluster", "split", "fold"]].drop_duplicates()
    for cluster in places["cluster"][places["cluster"].duplicated()].unique():
        yield Fault(
            "leak", layout.relative(layout.manifest), f"cluster {cluster[:12]} lies in two folds", _AGAIN
        )
    sticky = fold_file.read(layout.folds, params.dataset.folds)
    joined = manifest.merge(sticky, on="sha256", how="left", suffixes=("", "_kept"))
    moved = joined["fold"] != joined["fold_kept"]
    for sha256 in joined["sha256"][moved]:
        yield Fault(
            "fold",
            layout.relative(layout.folds),
            f"{sha256[:12]} has another fold than it trained in",
            _AGAIN,
        )


_AGAIN = "take data/folds.csv back from git, then run `dvc repro`"


def _cache(layout: Layout) -> Iterator[Fault]:
    """Hash every object of DVC's cache; find those that the lock rests on and that are gone."""
    objects, recorded = dvcio.recorded_objects(layout.root)
    rotten = list(hashed.rotten_objects(objects))
    for path in rotten:
        yield Fault(
            "cache rotten",
            str(path),
            f"is not what its name says ({recorded.get(path.parent.name + path.name, 'an object')})",
            "delete it, then run `dvc fetch`, or `dvc commit` where the workspace's copy is right",
        )
    # What a rotten list of a folder names is not to be believed.
    sound = {md5: what for md5, what in recorded.items() if hashed.place(objects, md5) not in rotten}
    for digest, what in hashed.missing_objects(objects, sound):
        yield Fault(
            "cache gone",
            what,
            f"object {digest} is not in the cache",
            "run `dvc fetch`; after a takedown `dvc repro`; where the workspace's copy is right `dvc commit`",
        )


def _lies(layout: Layout, stale: list[str]) -> Iterator[Fault]:
    """Name stages that dvc.lock calls fresh though their inputs are not those that they started with."""
    for stage in dvcio.stage_graph(layout.root):
        moved = [] if stage in stale else provenance.moved(layout, stage)
        if moved:
            yield Fault(
                "lock lies",
                stage,
                f"dvc.lock calls it fresh, but it was made from other {' and '.join(moved)}",
                f"run `dvc repro -f -s {stage}`",
            )
