"""report: rank every backbone of params.yaml and write the leaderboard.

Reads the predictions under models/ and the dataset; trains nothing. A gate that does not hold is
written down, not raised: the board must be seen above all when something is wrong.
"""

from dataclasses import asdict
from typing import Any

from wreck_core import files, provenance
from wreck_core.errors import InputError
from wreck_core.labeling import agreement, votes
from wreck_core.layout import Layout
from wreck_core.params import Params, ReportParams
from wreck_core.report import exports, looks, page
from wreck_core.report.collate import collate
from wreck_core.report.words import number
from wreck_core.summary import Summary


def run(params: Params, layout: Layout) -> Summary:
    """Write reports/: report.json, the page drawn from it, and the tables beside it.

    Raises InputError when there is no dataset yet, or labels.csv is none.
    """
    fingerprint = provenance.fingerprint(layout, "report")
    report = collate(params, layout, fingerprint, _agreement(params.report, layout))
    _draw_maps(params, layout, report)
    folder = layout.reports
    files.write_json(layout.report_json, report)
    files.write_text(folder / "leaderboard.html", page.render(report))
    files.write_text(folder / "leaderboard.md", exports.leaderboard_md(report))
    files.write_text(folder / "leaderboard.csv", exports.leaderboard_csv(report))
    files.write_text(folder / "leaderboard_seed.csv", exports.leaderboard_seed_csv(report))
    files.write_text(folder / "pairwise.csv", exports.pairwise_csv(report))
    files.write_text(folder / "errors.csv", exports.errors_csv(report))
    files.write_text(folder / "slices.csv", exports.slices_csv(report))
    files.write_text(folder / "junit.xml", exports.junit_xml(report))
    files.write_json(layout.leaderboard_json, exports.leaderboard_json(report))
    verdict = report["verdict"]
    return Summary(
        headline=verdict["sentence"],
        rows=tuple(
            (row["backbone"], "failed" if row["roc_auc"] is None else f"AUC {number(row['roc_auc'])}")
            for row in report["rows"]
        ),
        notes=(
            *verdict["cautions"],
            *(f"gate {gate['name']}: {gate['says']}" for gate in report["gates"] if not gate["ok"]),
            f"open {layout.relative(folder / 'leaderboard.html')}",
        ),
        data={key: verdict[key] for key in ("leader", "recommended", "kind")},
    )


def _agreement(settings: ReportParams, layout: Layout) -> list[dict[str, Any]]:
    """Measure how far annotators agree: all together, when there are more than two, and each pair."""
    overall, pairs = agreement.measure(
        votes.read(layout.labels), settings.bootstrap, settings.confidence, settings.seed
    )
    together = [overall] if overall and len(overall.annotators) > 2 else []
    return [asdict(each) for each in (*together, *pairs)]


def _draw_maps(params: Params, layout: Layout, report: dict[str, Any]) -> None:
    """Draw where the best model looks; without its file, or without pictures, the page has no maps."""
    chosen = report["looks"]
    if not chosen or params.report.thumbnails == "none":
        return
    folder = layout.model(chosen["backbone"])
    if not (folder / "model.keras").exists():
        return
    from wreck_core.inference import explain  # it imports TensorFlow
    from wreck_core.training import runtime

    runtime.start(params.train.threads, params.train.seed)
    try:
        explainer = explain.Explainer(folder)
    except InputError:  # its words name a path of this machine
        chosen["says"] = (
            f"{chosen['backbone']} cannot be looked into: its network has no map, or does not open."
        )
        return
    looks.draw(report, layout, explainer.heat, explain.overlay)
