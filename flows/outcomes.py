"""What became of stages and of the board; without Prefect, which may not be started at all."""

from collections.abc import Iterable
from dataclasses import dataclass

from wreck_core import files
from wreck_core.errors import WreckError
from wreck_core.layout import Layout

SKIPPED, FAILED, BLOCKED = "skipped", "failed", "blocked"
BOARD = "report"  # the stage that makes the board


@dataclass(frozen=True)
class StageRun:
    """What became of one stage: ran, restored (from DVC's cache), skipped, failed or blocked.

    `moved` names the inputs (params, data, code) that changed while it ran, so that it ran again.
    """

    stage: str
    outcome: str
    seconds: float = 0.0
    reason: str = ""
    moved: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the stage is up to date now."""
        return self.outcome not in (FAILED, BLOCKED)


class ExperimentFailedError(WreckError):
    """Stages failed while the others are done, or gates of the board do not hold.

    `runs` has what became of each stage, `gates` a sentence for each gate that fails.
    """

    def __init__(self, runs: Iterable[StageRun], gates: Iterable[str] = ()) -> None:
        self.runs, self.gates = tuple(runs), tuple(gates)
        super().__init__("; ".join([*self._stages(), *self.gates]))

    def _stages(self) -> list[str]:
        failed = [run for run in self.runs if run.outcome == FAILED]
        if len(failed) > 1:
            return [f"{len(failed)} stages failed: {', '.join(run.stage for run in failed)}"]
        return [f"{run.stage}: {run.reason.splitlines()[0]}" for run in failed]


def judged(layout: Layout, runs: Iterable[StageRun]) -> tuple[StageRun, ...]:
    """Give `runs` back. Raises ExperimentFailedError when one failed, or when a gate of the board fails.

    A board that could not be made anew is not judged: its gates speak of another night.
    """
    told = tuple(runs)
    fresh = all(run.ok for run in told if run.stage == BOARD)
    gates = failing_gates(layout) if fresh else []
    if gates or not all(run.ok for run in told):
        raise ExperimentFailedError(told, gates)
    return told


def failing_gates(layout: Layout) -> list[str]:
    """Say of each gate of the board that does not hold why; empty without a board."""
    path = layout.report_json
    if not path.exists():
        return []
    gates = files.read_json(path)["gates"]
    return [f"gate {gate['name']} fails: {gate['says']}" for gate in gates if not gate["ok"]]
