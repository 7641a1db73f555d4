"""The two doors, `dvc repro` and the flows, agree; one workspace, the tests in their order."""

import json
import os
import signal
from pathlib import Path

import pandas as pd
from commands import wait_for
from job import Job

TRAININGS = {"train@efficientnet_lite0", "train@scratch_cnn"}


def board(job: Job) -> pd.DataFrame:
    return pd.read_csv(job.layout.reports / "leaderboard.csv").set_index("backbone")


def experiment(job: Job, *, exit_code: int = 0) -> dict[str, str]:
    """Run the experiment flow; what it did with each stage (ran, skipped, restored, failed)."""
    done = job.run("python", "-m", "flows", "experiment", "--json")
    assert done.returncode == exit_code, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)["stages"]


def assert_everything_is_fresh(job: Job) -> None:
    assert json.loads(job.do("dvc", "status", "--json").stdout) == {}
    assert "Running stage" not in job.do("dvc", "repro").stdout


def test_dvc_repro_makes_the_leaderboard(job: Job) -> None:
    table = board(job)
    assert table.loc["efficientnet_lite0", "status"] == "ok"
    assert table.loc["efficientnet_lite0", "roc_auc"] > table.loc["scratch_cnn", "roc_auc"]
    assert table.loc["efficientnet_lite0", "roc_auc"] > 0.8
    dataset = json.loads(job.layout.dataset_json.read_text())
    assert dataset["leaks"] == 0
    for name in ("leaderboard.html", "leaderboard.md", "leaderboard.json", "leaderboard_seed.csv"):
        assert (job.layout.reports / name).stat().st_size > 0


def test_after_dvc_repro_the_flow_skips_every_stage(job: Job) -> None:
    stages = experiment(job)
    assert set(stages) >= {"dedup", "dataset", "report"} | TRAININGS
    assert set(stages.values()) == {"skipped"}
    assert_everything_is_fresh(job)


def test_after_the_flow_dvc_runs_nothing_and_only_the_edited_backbone_ran(job: Job) -> None:
    job.edit_params(lambda raw: raw["backbones"]["scratch_cnn"].update(epochs=2))
    stages = experiment(job)
    assert {name for name, how in stages.items() if how == "ran"} == {"train@scratch_cnn", "report"}
    assert_everything_is_fresh(job)


def test_new_unlabelled_pictures_make_no_training_stale(job: Job) -> None:
    folds = (job.layout.folds).read_text()
    job.do("wreck", "scrape", "unlabelled.csv", "--map", job.mirror)
    job.do("wreck", "enqueue")
    done = job.do("dvc", "repro")
    assert "Running stage 'dedup'" in done.stdout
    for name in TRAININGS:
        assert f"Running stage '{name}'" not in done.stdout
    assert job.layout.folds.read_text() == folds


def test_a_backbone_without_weights_is_a_failed_row_and_the_others_finish(job: Job, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.weights.h5")
    job.edit_params(lambda raw: raw["backbones"].update(mobilenet_v2={"weights": missing}))
    stages = experiment(job, exit_code=1)
    assert stages["train@mobilenet_v2"] == "failed"
    assert stages["report"] == "ran"
    row = board(job).loc["mobilenet_v2"]
    assert row["status"] == "failed"
    assert "none.weights.h5" in row["reason"]
    assert set(json.loads(job.do("dvc", "status", "--json").stdout)) == {"train@mobilenet_v2"}


def test_dvc_repro_is_strict_unless_told_to_ignore_errors(job: Job) -> None:
    strict = job.run("dvc", "repro")
    assert strict.returncode == 255
    assert "none.weights.h5" in strict.stdout + strict.stderr
    job.do("dvc", "repro", "--ignore-errors")
    assert board(job).loc["mobilenet_v2", "status"] == "failed"


def test_a_backbone_that_is_removed_leaves_the_board(job: Job) -> None:
    job.edit_params(lambda raw: raw["backbones"].pop("mobilenet_v2"))
    job.do("dvc", "repro")
    assert "mobilenet_v2" not in board(job).index
    assert_everything_is_fresh(job)


def test_metrics_show_every_backbone(job: Job) -> None:
    shown = job.do("dvc", "metrics", "show", "--json").stdout
    assert "models/efficientnet_lite0/metrics.json" in shown.replace("\\\\", "/")


def test_predict_names_damage_and_keeps_bad_files_as_rows(job: Job, tmp_path: Path) -> None:
    photo = next(path for path in job.layout.images.rglob("*.jpg"))
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo.read_bytes()[:500])
    done = job.run("wreck", "predict", str(photo), str(broken), "--json")
    assert done.returncode == 1
    good, bad = json.loads(done.stdout)["rows"]
    assert good["label"] in ("damaged", "undamaged")
    assert 0 <= good["p_damaged"] <= 1
    assert bad["error"]


def test_a_training_that_is_killed_goes_on_with_the_same_command(job: Job) -> None:
    job.edit_params(lambda raw: raw["backbones"]["scratch_cnn"].update(epochs=5))
    with job.start("dvc", "repro") as process:
        wait_for(lambda: any(job.layout.checkpoints.rglob("*-last.npz")), while_running=process)
        os.killpg(process.pid, signal.SIGKILL)
    assert not (job.layout.model("scratch_cnn") / "metrics.json").exists()
    job.do("dvc", "repro")
    assert board(job).loc["scratch_cnn", "status"] == "ok"
    assert not list(job.layout.checkpoints.rglob("*-last.npz"))
    assert_everything_is_fresh(job)
