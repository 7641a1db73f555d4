"""What is due, decided without Prefect, and what that leaves undone."""

import json
import sys

import commands
import pandas as pd
import tiny

from flows.due import look
from wreck_core import dvcio, params
from wreck_core.dataset import labels
from wreck_core.layout import Layout

CANDIDATES = ["sha256", "path", "host", "source", "license"]
DUPLICATES = ["sha256", "survivor_sha256", "transform", "decision", "conflict"]


def due(layout: Layout) -> set[str]:
    return set(look(params.load(layout.params), layout).todo)


def test_a_lie_of_the_lock_and_what_rests_on_it_are_due(workspace: Layout) -> None:
    tiny.edit_meanwhile(workspace, "dataset", "params.yaml", tiny.other_seed(workspace))
    assert due(workspace) == {"dedup", "dataset", "train@alpha", "train@beta", "report"}
    assert tiny.repro(workspace).returncode == 0
    assert not dvcio.stale(workspace.root)
    assert due(workspace) == {"dataset", "train@alpha", "train@beta", "report"}


def test_with_nothing_due_prefect_is_not_even_imported(workspace: Layout) -> None:
    assert tiny.repro(workspace).returncode == 0
    program = "import sys; sys.modules['prefect'] = None; from flows.__main__ import app; app()"
    done = commands.run(workspace.root, sys.executable, "-c", program, "experiment", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["headline"] == "nothing to do: all is up to date"
    assert set(told["stages"].values()) == {"skipped"}


def test_a_gate_that_fails_is_exit_code_one_and_the_stage_itself_stays_up_to_date(workspace: Layout) -> None:
    (workspace.root / "gate-fails").touch()
    assert tiny.repro(workspace).returncode == 0
    done = commands.run(workspace.root, sys.executable, "-m", "flows", "experiment")
    assert done.returncode == 1
    assert "gate auc fails: the leader has an AUC of .3" in done.stdout
    assert tiny.status(workspace) == {}


def test_few_new_labels_wait_for_more_but_an_edit_of_params_does_not_wait(workspace: Layout) -> None:
    workspace.labels.write_text(",".join(labels.COLUMNS) + "\n")
    assert tiny.repro(workspace).returncode == 0
    tiny.edit_nightly(workspace, min_new_labels=2)
    settings = params.load(workspace.params)
    assert look(settings, workspace).waiting == ""  # nothing changed: nothing is waited for

    one = pd.DataFrame({"sha256": ["ab" * 32]}).reindex(columns=CANDIDATES, fill_value="x")
    one.to_parquet(workspace.candidates)
    empty = pd.DataFrame(columns=DUPLICATES, dtype=str).astype({"conflict": bool})
    empty.to_parquet(workspace.duplicates)
    workspace.manifest.unlink()
    pd.DataFrame(columns=["sha256", "label"], dtype=str).to_parquet(workspace.manifest)
    found = look(settings, workspace)
    assert (found.todo, found.waiting) == (frozenset(), "waiting for labels: 0 of 2 are new")
    failed = workspace.model("beta")
    (failed / "metrics.json").unlink()
    (failed / "failed.json").write_text("{}")
    found = look(settings, workspace)  # a row that fails every night does not end the waiting
    assert (found.todo, found.waiting) == (frozenset(), "waiting for labels: 0 of 2 are new")
    edited = settings.dedup.model_dump() | {"threshold_bits": 70}
    tiny.edit_params(workspace, {"dedup": edited})
    assert "dedup" in due(workspace)
