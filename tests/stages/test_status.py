"""`wreck status`: one screen, from an empty workspace to trained models."""

import json

import commands
import pytest
from pages import pages, photo

from wreck_core import files
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import scrape, status
from wreck_core.stages.scrape import ScrapeRequest

ORIGIN = "http://web.example/"


@pytest.fixture
def scraped(layout: Layout, params: Params) -> Layout:
    with pages() as web:
        web.bodies = {f"/{n}.jpg": photo(n) for n in range(3)}
        path = layout.root / "list.txt"
        names = ("0.jpg", "1.jpg", "2.jpg", "missing")
        bad = ["http://user@[bold].example/", "http://user@b.example/"]
        path.write_text("\n".join([*(ORIGIN + name for name in names), *bad]))
        scrape.run(params, layout, ScrapeRequest((path,), url_map=(web.mirror(ORIGIN),)))
    return layout


def test_an_empty_workspace_says_what_to_do_first_and_stays_empty(layout: Layout, params: Params) -> None:
    summary = status.run(params, layout)
    assert "wreck scrape LIST" in summary.headline
    assert [path.name for path in layout.root.iterdir()] == ["params.yaml"]


def test_a_clone_that_pulled_its_data_is_not_told_to_scrape(layout: Layout, params: Params) -> None:
    files.write_json(layout.dataset_json, {"funnel": {"used": 9}, "labels": {}, "clusters": 8})
    assert "dvc repro" in status.run(params, layout).headline


def test_hosts_are_told_with_counts_rates_latencies_and_failures(scraped: Layout, params: Params) -> None:
    data = status.run(params, scraped).data
    web, other = data["hosts"]
    assert (web["host"], web["urls"], web["failed"]) == ("web.example", 4, 1)
    assert web["statuses"] == {"http_4xx": 1, "ok": 3}
    assert 0 <= web["p50_ms"] <= web["p99_ms"]
    assert web["per_s"] > 0
    assert other["statuses"] == {"bad_url": 1}
    assert data["urls"] == {"ok": 3, "bad_url": 2, "http_4xx": 1}


def test_queue_dataset_and_models_are_told(scraped: Layout, params: Params) -> None:
    with Store(scraped.label_db) as store:
        store.enqueue([("ab" * 32, 1.0)], "primary", "random")
    record = {"funnel": {"used": 9}, "labels": {"damaged": 4, "undamaged": 5}, "clusters": 8}
    files.write_json(scraped.dataset_json, record)
    files.write_json(scraped.model("mobilenet") / "metrics.json", {"roc_auc": 0.95})
    # What a failure left does not count where DVC has put an earlier result back.
    files.write_json(scraped.model("mobilenet") / "failed.json", {"reason": "settings that left"})
    files.write_json(scraped.model("xception") / "failed.json", {"reason": "no weights"})
    summary = status.run(params, scraped)
    rows = dict(summary.rows)
    assert rows["queue"] == "open 1, leased 0, done 0, parked 0"
    assert rows["dataset"] == "used 9, damaged 4, undamaged 5, clusters 8"
    assert "xception failed" in rows["models"]
    assert "mobilenet 0.950" in rows["models"]
    assert "wreck label" in summary.headline


def test_the_board_with_its_gates_and_the_last_run_are_told(layout: Layout, params: Params) -> None:
    report = {
        "verdict": {"leader": "mobilenet"},
        "rows": [{"backbone": "mobilenet", "roc_auc": 0.95}],
        "gates": [{"name": "no_leaks", "ok": False}, {"name": "leader_roc_auc", "ok": True}],
    }
    files.write_json(layout.report_json, report)
    for folder in ("2026-03-01T02-00-07-refresh", "2026-03-01T02-03-11-experiment"):
        (layout.logs / folder).mkdir(parents=True)
    rows = dict(status.run(params, layout).rows)
    assert rows["board"] == "leader mobilenet, ROC AUC 0.950, gates fail: no_leaks"
    assert rows["last run"] == "experiment began 2026-03-01 02:03 UTC"


def test_the_command_shows_one_screen_and_speaks_json(scraped: Layout) -> None:
    shown = commands.run(scraped.root, "wreck", "status")
    assert shown.returncode == 0, shown.stderr
    assert "web.example" in shown.stdout
    assert len(shown.stdout.splitlines()) <= 24
    told = json.loads(commands.run(scraped.root, "wreck", "status", "--json").stdout)
    assert told["hosts"][0]["host"] == "web.example"
