"""In whatever order people and faults act, what was acknowledged stays: a real workspace, a real web."""

import hashlib
import shutil
import signal
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from faulted import ORIGIN, Step, half_written
from faulty import Commands
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pages import Pages, pages, photo

from wreck_core.labeling import rebuild
from wreck_core.labeling.records import Answer
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout

REPOSITORY = Path(__file__).resolve().parents[2]
NUMBERS = st.integers(0, 11)
NAMED = [
    ("commit data/ledger.db", 1),
    ("commit data/ledger.db", 2),
    ("committed data/ledger.db", 2),
    ("replace data/images/*/.*.jpg.*.tmp", 1),
    ("replace data/.candidates.parquet.*.tmp", 1),
    ("write data/.labels.csv.*.tmp", 1),
    ("replace data/.label_events.jsonl.*.tmp", 1),
    ("replace data/.takedown.csv.*.tmp", 1),
    ("commit data/labels.db", 1),
    ("unlink data/images/*/*.jpg", 1),
]
POINTS = st.sampled_from(NAMED)


class Workspace(RuleBasedStateMachine):
    """`labels` are those that were acknowledged, by picture; `fetched` and `gone` the pictures of the web."""

    commands: Commands
    web: Pages

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.layout = Layout(self.folder)
        shutil.copy(REPOSITORY / "params.yaml", self.folder)
        self.web.bodies = {f"/{n}.jpg": photo(n) for n in range(12)}
        self.web.asked.clear()
        self.listed: set[int] = set()
        self.fetched: set[int] = set()
        self.gone: set[int] = set()
        self.labels: dict[str, str] = {}
        self.given: list[tuple[str, int]] = []

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    def _scrape(self) -> list[str]:
        (self.folder / "list.txt").write_text("".join(f"{ORIGIN}{n}.jpg\n" for n in sorted(self.listed)))
        return ["scrape", "list.txt", "--map", "=".join(self.web.mirror(ORIGIN))]

    @rule(numbers=st.sets(NUMBERS, min_size=1))
    def put_on_the_list(self, numbers: set[int]) -> None:
        self.listed |= numbers

    @precondition(lambda self: self.listed)
    @rule()
    def fetch(self) -> None:
        self.web.asked.clear()
        run = self.commands.run(self.folder, *self._scrape())
        assert run.code == (0 if self.listed - self.gone or self.fetched - self.gone else 1), run.said
        asked = {int(path[1:-4]) for path, _, code in self.web.asked if code == 200}
        assert not asked & (self.fetched | self.gone)
        self.fetched |= self.listed - self.gone
        assert asked <= self.fetched

    @precondition(lambda self: self.listed)
    @rule(at=POINTS)
    def fetch_and_be_killed(self, at: tuple[str, int]) -> None:
        run = self.commands.run(self.folder, *self._scrape(), at=at)
        assert run.code in (-signal.SIGKILL, 0, 1), run.said

    @precondition(lambda self: self.fetched - self.gone)
    @rule(label=st.sampled_from(["damaged", "undamaged", "unsure"]))
    def label(self, label: str) -> None:
        if self.commands.run(self.folder, "enqueue").code:
            return  # what is fetched was killed before its table was written
        with rebuild.open_store(self.layout) as store:
            for task in store.claim("ann", "primary"):
                self.given.append((task.sha256, store.answer(task, "ann", Answer(label))))
                self.labels[task.sha256] = label

    @precondition(lambda self: self.given)
    @rule()
    def undo(self) -> None:
        with Store(self.layout.label_db) as store:
            event = store.undo("ann", "primary")
        if event is not None:
            sha256, _ = self.given.pop()
            del self.labels[sha256]

    @precondition(lambda self: self.labels)
    @rule(at=st.none() | POINTS)
    def write_labels_out(self, at: tuple[str, int] | None) -> None:
        run = self.commands.run(self.folder, "labels", "export", at=at)
        assert run.code in (0, -signal.SIGKILL), run.said
        if run.code == 0:
            table = pd.read_csv(self.layout.labels)
            assert dict(zip(table.sha256, table.label, strict=True)) == self.labels

    @precondition(lambda self: self.fetched - self.gone)
    @rule(data=st.data(), at=st.none() | POINTS)
    def take_down(self, data: st.DataObject, at: tuple[str, int] | None) -> None:
        number = data.draw(st.sampled_from(sorted(self.fetched - self.gone)))
        words = ["takedown", f"{ORIGIN}{number}.jpg"]
        if at:
            self.commands.run(self.folder, *words, at=at)
        run = self.commands.run(self.folder, *words)
        assert run.code == 0, run.said
        self.gone.add(number)
        sha256 = hashlib.sha256(photo(number)).hexdigest()
        assert not list(self.layout.images.rglob(f"*{sha256}*"))
        self.labels.pop(sha256, None)
        self.given = [pair for pair in self.given if pair[0] != sha256]

    @precondition(lambda self: self.labels)
    @rule()
    def lose_the_store_after_writing_out(self) -> None:
        assert self.commands.run(self.folder, "labels", "export").code == 0
        for path in self.layout.label_db.parent.glob("labels.db*"):
            path.unlink()
        self.given.clear()

    @invariant()
    def nothing_acknowledged_is_lost(self) -> None:
        if not hasattr(self, "layout"):
            return
        assert half_written(self.layout) == []
        stored = {path.stem for path in self.layout.images.glob("*/[!.]*")}
        assert {hashlib.sha256(photo(n)).hexdigest() for n in self.fetched - self.gone} <= stored
        if self.labels:
            with rebuild.open_store(self.layout) as store:
                held = {row["sha256"]: row["label"] for row in store.current_labels()}
            assert held == self.labels


def test_every_point_at_which_orders_are_killed_is_one_that_commands_come_by(
    pipeline: dict[str, Step],
) -> None:
    come_by = {name for step in pipeline.values() for name in step.run.names}
    assert {name for name, _ in NAMED} <= come_by


@pytest.mark.slow
@pytest.mark.parametrize("examples", [2, 25])
def test_what_was_acknowledged_survives_any_order_of_work_kills_and_takedowns(
    examples: int, commands: Commands, record_property: object
) -> None:
    steps = 8 if examples < 10 else 25
    with pages() as web:  # its own: its pictures come and go
        Workspace.commands, Workspace.web = commands, web
        run_state_machine_as_test(
            Workspace,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                derandomize=examples < 10,
                suppress_health_check=list(HealthCheck),
            ),
        )
    record_property("R3", f"{examples} orders of up to {steps} steps, kills and takedowns among them: 0 lost")
