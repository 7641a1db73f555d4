"""What an experiment has to do, decided without Prefect: on most nights nothing, which must cost little."""

from collections.abc import Mapping
from dataclasses import dataclass

from flows.outcomes import SKIPPED, StageRun
from wreck_core import dvcio, provenance
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import dataset, snapshot


@dataclass(frozen=True)
class Due:
    """The stages with what each depends on, those of them to bring up to date, and why none is, if so."""

    graph: Mapping[str, list[str]]
    todo: frozenset[str]
    waiting: str = ""

    def skipped(self) -> tuple[StageRun, ...]:
        """Say of every stage that it was skipped."""
        return tuple(StageRun(stage, SKIPPED) for stage in self.graph)


def look(settings: Params, layout: Layout) -> Due:
    """Find what changed: what DVC calls stale, and what it calls fresh though its inputs moved.

    With `nightly.min_new_labels` nothing is due while only data changed and fewer pictures than that
    would train anew or under another label; rows that failed, which are due every night, wait with the
    others. Data that is tracked is versioned first.
    Raises InputError before anything was scraped.
    """
    layout.require_pictures()
    changed = dvcio.stale(layout.root)
    if changed.data:
        snapshot.run(settings, layout)
        changed = dvcio.stale(layout.root)
    graph = dvcio.stage_graph(layout.root)
    moved = {stage: provenance.moved(layout, stage) for stage in graph}
    first = {stage for stage in graph if stage in changed.stages or moved[stage]}
    waiting = ""
    others = {stage for stage in first if not layout.failure(stage.removeprefix("train@"))}
    if others and all(moved[stage] == ["data"] for stage in others):
        waiting = _for_labels(settings, layout)
    return Due(graph, frozenset() if waiting else frozenset(dvcio.downstream(graph, first)), waiting)


def _for_labels(settings: Params, layout: Layout) -> str:
    wanted = settings.nightly.min_new_labels
    new = dataset.count_new(settings, layout) if wanted else 0
    return f"waiting for labels: {new:,} of {wanted:,} are new" if new < wanted else ""
