"""Where a workspace stands, on one screen, from URLs and hosts to the board. It changes nothing."""

from typing import Any

from wreck_core import files
from wreck_core.ingest import metrics
from wreck_core.ingest.ledger import Ledger
from wreck_core.labeling import rebuild
from wreck_core.labeling.schema import PRIMARY
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.summary import Summary, count

HOSTS = 1000  # at most so many are told, the largest


def run(params: Params, layout: Layout) -> Summary:
    """Sum up what there is; parts that nobody has begun are left out, also while a scrape is at work."""
    urls, hosts = _urls(params, layout)
    data: dict[str, Any] = {
        "urls": urls,
        "hosts": hosts,
        "queue": _queue(layout),
        "dataset": _dataset(layout),
        "models": _models(params, layout),
        "board": _board(layout),
        "last run": _last_run(layout),
    }
    rows = tuple((name, _words(told)) for name, told in data.items() if told and name != "hosts")
    return Summary(headline=_next_step(data), rows=rows, data=data)


def _urls(params: Params, layout: Layout) -> tuple[dict[str, int], list[dict[str, Any]]]:
    if not layout.ledger.exists():
        return {}, []
    shared = params.scrape.placeholder_urls
    with Ledger(layout.ledger) as ledger:
        counts = {status or "not tried yet": urls for status, urls in ledger.counts(shared).items()}
        return dict(sorted(counts.items(), key=lambda count: -count[1])), metrics.hosts(ledger, shared, HOSTS)


def _queue(layout: Layout) -> dict[str, int]:
    if not rebuild.is_there(layout):
        return {}
    with Store(layout.label_db) as store:
        return store.counts(PRIMARY)


def _dataset(layout: Layout) -> dict[str, Any]:
    if not layout.dataset_json.exists():
        return {}
    record = files.read_json(layout.dataset_json)
    return {"used": record["funnel"]["used"], **record["labels"], "clusters": record["clusters"]}


def _models(params: Params, layout: Layout) -> dict[str, Any]:
    """Give each backbone's out-of-fold ROC AUC, or `failed` or `not trained`; none before the first."""
    found: dict[str, Any] = {}
    for name in params.backbones:
        metrics = layout.model(name) / "metrics.json"
        if metrics.exists():
            found[name] = files.read_json(metrics)["roc_auc"]
        else:
            found[name] = "failed" if layout.failure(name) else "not trained"
    return found if set(found.values()) != {"not trained"} else {}


def _board(layout: Layout) -> dict[str, Any]:
    path = layout.report_json
    if not path.exists():
        return {}
    report = files.read_json(path)
    leader = report["verdict"]["leader"]
    auc = next((row["roc_auc"] for row in report["rows"] if row["backbone"] == leader), "none")
    failing = [gate["name"] for gate in report["gates"] if not gate["ok"]]
    return {
        "leader": leader or "none",
        "ROC AUC": auc,
        "gates": f"fail: {' '.join(failing)}" if failing else "hold",
    }


def _last_run(layout: Layout) -> dict[str, str]:
    """Name the flow that began last, and when: its log folder is named by both."""
    begun = sorted(path.name for path in layout.logs.glob("????-??-??T??-??-??-*") if path.is_dir())
    if not begun:
        return {}
    day, _, rest = begun[-1].partition("T")
    hour, minute, _, name = rest.split("-", 3)
    return {name: f"began {day} {hour}:{minute} UTC"}


def _words(told: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_word(value)}" for name, value in told.items())


def _word(value: int | float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _next_step(data: dict[str, Any]) -> str:
    waiting = data["queue"].get("open", 0) + data["queue"].get("leased", 0)
    if not data["urls"] and not data["dataset"]:  # a clone whose data was pulled has no ledger
        return "nothing was scraped yet: run `wreck scrape LIST`"
    if data["urls"].get("not tried yet"):
        return "some URLs were not tried yet: run `wreck scrape` with their lists again"
    if waiting:
        return f"{count(waiting, 'picture')} to label: run `wreck label`"
    return "nothing waits for a person: `dvc repro` trains and ranks what is stale, if anything is"
