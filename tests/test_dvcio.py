import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import tiny
import yaml

from wreck_core import dvcio, files, repro
from wreck_core.errors import BusyError, InputError, WreckError
from wreck_core.layout import Layout


@pytest.fixture
def workspace(tmp_path: Path) -> Layout:
    return tiny.build(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """A workspace after `dvc add` and `dvc repro`; the tests on it leave it as it was."""
    layout = tiny.build(tmp_path_factory.mktemp("finished"))
    dvcio.snapshot(layout.root, [layout.images, layout.candidates])
    assert tiny.repro(layout).returncode == 0
    yield layout


def test_the_graph_lists_every_stage_after_those_it_depends_on(workspace: Layout) -> None:
    graph = dvcio.stage_graph(workspace.root)
    assert graph == {
        "dedup": [],
        "dataset": ["dedup"],
        "train@alpha": ["dataset"],
        "train@beta": ["dataset"],
        "report": ["dataset", "train@alpha", "train@beta"],
    }
    order = list(graph)
    assert all(order.index(up) < order.index(name) for name, ups in graph.items() for up in ups)


def test_downstream_reaches_all_that_depends(workspace: Layout) -> None:
    graph = dvcio.stage_graph(workspace.root)
    assert dvcio.downstream(graph, ["train@beta"]) == {"train@beta", "report"}
    assert dvcio.downstream(graph, ["dedup"]) == set(graph)
    assert dvcio.downstream(graph, []) == set()


def test_the_graph_does_not_depend_on_where_one_stands(
    finished: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "train@alpha" in dvcio.stage_graph(finished.root)
    assert not dvcio.stale(finished.root)


def test_nothing_is_stale_after_repro_and_a_stage_is_then_skipped(finished: Layout, tmp_path: Path) -> None:
    assert not dvcio.stale(finished.root)
    assert repro.run_stage(finished.root, "dataset", tmp_path / "dataset.log", timeout_s=99) == "skipped"


def test_an_edited_backbone_makes_only_itself_and_the_report_stale(finished: Layout) -> None:
    before = finished.params.read_text()
    tiny.edit_params(
        finished, {"backbones": {"alpha": {"weights": "none"}, "beta": {"weights": "none", "epochs": 3}}}
    )
    try:
        stale = dvcio.stale(finished.root)
    finally:
        finished.params.write_text(before)
    assert stale.stages == {"train@beta", "report"}
    assert stale.data == ()


def test_changed_data_is_stale_until_its_snapshot(finished: Layout) -> None:
    (finished.images / "ab" / "new.jpg").write_text("a new picture")
    assert dvcio.stale(finished.root).data == ("data/images.dvc",)
    assert dvcio.snapshot(finished.root, [finished.images, finished.candidates]) == ["data/images"]
    assert not dvcio.stale(finished.root)
    assert dvcio.snapshot(finished.root, [finished.images, finished.candidates]) == []


def test_a_result_that_was_had_before_is_restored(workspace: Layout, tmp_path: Path) -> None:
    # DVC keeps past results only of stages without outputs that are left to git.
    copy = {"cmd": "cp data/labels.csv copy.csv", "deps": ["data/labels.csv"], "outs": ["copy.csv"]}
    workspace.dvc_yaml.write_text(yaml.safe_dump({"stages": {"copy": copy}}))
    for text, outcome in (("one", "ran"), ("two", "ran"), ("one", "restored")):
        workspace.labels.write_text(text)
        assert repro.run_stage(workspace.root, "copy", tmp_path / "copy.log", timeout_s=99) == outcome
    assert (workspace.root / "copy.csv").read_text() == "one"


@pytest.mark.slow
def test_a_stage_that_takes_too_long_is_stopped_with_all_that_it_started(
    workspace: Layout, tmp_path: Path
) -> None:
    started = workspace.root / "started"
    stage = {"cmd": f"echo $$ > {started}; sleep 600; true", "outs": ["never"]}
    workspace.dvc_yaml.write_text(yaml.safe_dump({"stages": {"slow": stage}}))
    with pytest.raises(WreckError, match="slow: took longer than 10 s"):
        repro.run_stage(workspace.root, "slow", tmp_path / "slow.log", timeout_s=10)
    left = [
        each for each in psutil.process_iter(["pid", "ppid", "status"]) if each.info["status"] != "zombie"
    ]
    assert int(started.read_text()) not in {each.info[of] for each in left for of in ("pid", "ppid")}


def test_a_failing_stage_says_its_own_last_words(workspace: Layout, tmp_path: Path) -> None:
    tiny.edit_params(workspace, {"backbones": {"alpha": {"weights": "missing"}}})
    workspace.manifest.write_text("a manifest")
    with pytest.raises(WreckError) as caught:
        repro.run_stage(workspace.root, "train@alpha", tmp_path / "alpha.log", timeout_s=99)
    assert caught.value.what == "the weights of this backbone cannot be had"
    assert caught.value.where == "train@alpha"
    assert "weights" in (tmp_path / "alpha.log").read_text()


def test_a_stage_that_a_process_of_no_dvc_works_on_is_busy_and_did_not_fail(
    workspace: Layout, tmp_path: Path
) -> None:
    program = workspace.root / "train.py"
    program.write_text(
        "from pathlib import Path\nfrom wreck_core import files\n"
        "with files.locked(Path('locks'), 'alone'):\n    Path('out').touch()\n"
    )
    stage = {"cmd": f"{sys.executable} train.py", "outs": ["out"]}
    workspace.dvc_yaml.write_text(yaml.safe_dump({"stages": {"alone": stage}}))
    with (
        files.locked(workspace.root / "locks", "alone"),
        pytest.raises(BusyError, match=f"held by process {os.getpid()}"),
    ):
        repro.run_stage(workspace.root, "alone", tmp_path / "log", timeout_s=99)
    assert repro.run_stage(workspace.root, "alone", tmp_path / "log", timeout_s=99) == "ran"


def test_a_symbolic_link_is_refused_before_dvc_follows_it(workspace: Layout) -> None:
    (workspace.images / "link.jpg").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match=r"link\.jpg: is a symbolic link"):
        dvcio.snapshot(workspace.root, [workspace.images])


def test_the_files_left_to_git_are_the_lock_pointers_and_uncached_outputs(finished: Layout) -> None:
    assert set(dvcio.files_in_git(finished.root)) == {
        "dvc.lock",
        "data/images.dvc",
        "data/candidates.parquet.dvc",
        "data/dedup.json",
        "data/dataset.json",
        "models/alpha/metrics.json",
        "models/beta/metrics.json",
        "reports/leaderboard.md",
    }


def test_a_folder_without_dvc_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no DVC repository"):
        dvcio.stage_graph(tmp_path)


def test_importing_the_door_does_not_import_dvc() -> None:
    code = "import sys, wreck_core.dvcio; sys.exit('dvc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
