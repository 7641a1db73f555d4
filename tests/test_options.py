"""Options of `wreck` do what their help says, in one workspace, one command after another."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fetched import jpeg, photo
from typer.testing import CliRunner

from wreck_core.cli import app
from wreck_core.layout import Layout
from wreck_core.sample.mirror import mirror

LABELS = ["damaged", "undamaged", "damaged", "undamaged"]


@pytest.fixture(scope="module")
def listed(
    tmp_path_factory: pytest.TempPathFactory, checkout: Callable[[Path], Path]
) -> Iterator[tuple[Layout, Path]]:
    """A fresh clone, and a list of four labelled pictures on loopback."""
    root, web = checkout(tmp_path_factory.mktemp("clone")), tmp_path_factory.mktemp("web")
    with mirror(web) as address:
        rows = []
        for seed, label in enumerate(LABELS):
            (web / f"{seed}.jpg").write_bytes(jpeg(photo(seed)))
            rows.append(f"{address}{seed}.jpg,{label}")
        mine = root / "mine.csv"
        mine.write_text("\n".join(["url,label", *rows, ""]))
        settings = root / "params.yaml"
        port = address.strip("/").rpartition(":")[2]
        settings.write_text(settings.read_text().replace("ports: [80, 443", f"ports: [{port}"))
        yield Layout(root), mine


@pytest.fixture
def wreck(listed: tuple[Layout, Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    layout, _ = listed
    monkeypatch.setenv("WRECK_WORKSPACE", str(layout.root))  # the command sets it: put back afterwards

    def run(*words: str, code: int = 0) -> dict[str, Any]:
        done = CliRunner().invoke(app, ["--workspace", str(layout.root), *words, "--json"])
        assert done.exit_code == code, done.output
        told: dict[str, Any] = json.loads(done.stdout) if code < 2 else {"error": done.stderr}
        return told

    return run


def test_options_of_scrape(wreck: Callable[..., dict[str, Any]], listed: tuple[Layout, Path]) -> None:
    layout, mine = listed
    assert wreck("scrape", str(mine), code=1)["statuses"] == {"blocked_address": 4}
    again = ("scrape", str(mine), "--retry", "blocked_address", "--allow-private")
    assert wreck(*again, "--max", "1")["statuses"]["ok"] == 1
    assert wreck(*again)["statuses"]["ok"] == 4
    assert len(pd.read_parquet(layout.candidates)) == 4


def test_options_that_queue(wreck: Callable[..., dict[str, Any]]) -> None:
    assert wreck("enqueue", "--order", "fifo")["counts"]["open"] == 4
    assert "--share is a part of --round" in wreck("enqueue", "--share", "1", code=2)["error"]
    assert (
        "take random, fifo, auto, margin, suspect, disagree"
        in wreck("enqueue", "--order", "best", code=2)["error"]
    )
    assert "take second, audit, gold" in wreck("enqueue", "--round", "third", code=2)["error"]
    for where in ([], ["--web"]):
        error = wreck("label", "--round", "third", *where, code=2)["error"]
        assert "take primary, second, adjudicate, audit" in error
    assert "give one of them" in wreck("enqueue", "--order", "fifo", "--round", "second", code=2)["error"]


def test_options_of_labels(
    wreck: Callable[..., dict[str, Any]], listed: tuple[Layout, Path], tmp_path: Path
) -> None:
    _, mine = listed
    wreck("labels", "import", str(mine))
    wreck("labels", "export", str(tmp_path / "labels.csv"), "--to", "csv")
    assert sorted(pd.read_csv(tmp_path / "labels.csv").label) == sorted(LABELS)
    assert "go together" in wreck("labels", "export", "--to", "csv", code=2)["error"]
    assert wreck("enqueue", "--round", "second", "--share", "0.5")["added"] == 2
    assert "no trained model" in wreck("labels", "suspects", "--enqueue", code=2)["error"]


def test_options_of_report(wreck: Callable[..., dict[str, Any]]) -> None:
    assert "one at a time" in wreck("report", "--check", "--keep", code=2)["error"]
    for asked in (["--check"], ["--keep"], ["--compare", "HEAD"]):
        assert "report" in wreck("report", *asked, code=2)["error"]


def test_options_of_upkeep(wreck: Callable[..., dict[str, Any]], listed: tuple[Layout, Path]) -> None:
    layout, _ = listed
    wreck("backup")
    (copy,) = (layout.root / ".wreck" / "backups").glob("labels*")
    layout.label_db.unlink()
    wreck("restore", "labels", "--from", str(copy))
    assert wreck("labels", "stats")["annotators"]
    assert wreck("prune", "--days", "1")["ok"]
    gone = pd.read_parquet(layout.candidates).sha256[0]
    wreck("takedown", gone, "--reason", "asked for by its owner")
    assert set(pd.read_csv(layout.root / "data" / "takedown.csv").reason) == {"asked for by its owner"}
    assert "data/takedown.csv" in subprocess.check_output(
        ["git", "status", "--porcelain"], cwd=layout.root, text=True
    )


def test_a_format_that_nobody_reads_is_refused(wreck: Callable[..., dict[str, Any]]) -> None:
    assert "litert-int8" in wreck("export", "mobilenet", "--to", "flash", code=2)["error"]
