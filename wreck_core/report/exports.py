"""The leaderboard as files for machines and for people who like tables: csv, json, md, JUnit gates."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree import ElementTree

from wreck_core.report.board import COLUMNS, Row
from wreck_core.report.words import interval, markdown, number, visible

# The seed's table of metrics: its order and its names, and ours.
_SEED_COLUMNS = {
    "loss": "log_loss",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "auc": "roc_auc",
}
_PAIR_COLUMNS = ["better", "worse", "delta", "delta_low", "delta_high", "p_adjusted", "different_answers"]
_ERROR_COLUMNS = ["sha256", "label", "p", "models_wrong", "fold", "source", "path", "url"]
_SLICE_COLUMNS = [
    *("slice", "images", "positives", "accuracy", "accuracy_low", "accuracy_high", "gap", "p", "p_adjusted")
]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def leaderboard_csv(report: dict[str, Any]) -> str:
    """List every row with the contract's columns; an empty cell where there is no value."""
    rows = [row | {"worst_slice": (row["worst_slice"] or {}).get("slice")} for row in report["rows"]]
    return _csv(COLUMNS, rows)


def leaderboard_seed_csv(report: dict[str, Any]) -> str:
    """List the rows with predictions, in the order and under the names of the seed's table."""
    rows = [
        {"model": row["backbone"]} | {theirs: row[ours] for theirs, ours in _SEED_COLUMNS.items()}
        for row in report["rows"]
        if row["status"] != "failed"
    ]
    return _csv(["model", *_SEED_COLUMNS], rows)


def pairwise_csv(report: dict[str, Any]) -> str:
    """List every two models, the better one first."""
    return _csv(_PAIR_COLUMNS, report["pairs"])


def errors_csv(report: dict[str, Any]) -> str:
    """List every picture that the leader gets wrong."""
    return _csv(_ERROR_COLUMNS, report["errors"])


def slices_csv(report: dict[str, Any]) -> str:
    """List every model on every slice of the pictures, the worst first."""
    rows = [{"backbone": name} | row for name, rows in report["slices"].items() for row in rows]
    return _csv(["backbone", *_SLICE_COLUMNS], rows)


def leaderboard_json(report: dict[str, Any]) -> dict[str, Any]:
    """Give the board in short, as a DVC metric: its numbers stand on the first level."""
    verdict = report["verdict"]
    best: Row = next((row for row in report["rows"] if row["backbone"] == verdict["leader"]), {})
    return {
        "leader": verdict["leader"],
        "recommended": verdict["recommended"],
        "verdict": verdict["sentence"],
        "images": report["images"],
        "leaks": report["dataset"]["leaks"],
        **{
            name: best.get(name)
            for name in ("roc_auc", "roc_auc_low", "roc_auc_high", "accuracy", "log_loss", "test_auc")
        },
        "rows": [{name: row[name] for name in COLUMNS} for row in report["rows"]],
    }


def leaderboard_md(report: dict[str, Any]) -> str:
    """Give the verdict and the table, as Markdown."""
    percent = f"{100 * report['settings']['confidence']:.0f} %"
    head = ["rank", "backbone", "kind", f"AUC [{percent}]", "P(best)", "accuracy", "log-loss", "ms", "MB"]
    lines = ["# Leaderboard", "", f"**{markdown(report['verdict']['sentence'])}**", ""]
    lines += [f"- {markdown(caution)}" for caution in report["verdict"]["cautions"]]
    lines += ["", f"| {' | '.join(head)} |", "|---|---|---|---|--:|--:|--:|--:|--:|"]
    lines += [f"| {' | '.join(_markdown_cells(row))} |" for row in report["rows"]]
    failed = [row for row in report["rows"] if row["status"] == "failed"]
    lines += ["", *(f"- `{row['backbone']}` failed: {markdown(row['reason'])}" for row in failed)]
    lines += [
        "",
        f"{report['images']:,} pictures, out of fold. {markdown(report['answers']['ranking'])} "
        f"{markdown(report['answers']['shortcut'])}",
    ]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def junit_xml(report: dict[str, Any]) -> str:
    """Give the gates as a JUnit test suite, which build servers read."""
    gates = report["gates"]
    suite = ElementTree.Element(
        "testsuite",
        name="wreck report",
        tests=str(len(gates)),
        failures=str(sum(not gate["ok"] for gate in gates)),
    )
    for gate in gates:
        case = ElementTree.SubElement(suite, "testcase", classname="gates", name=gate["name"])
        if not gate["ok"]:
            ElementTree.SubElement(case, "failure", message=visible(gate["says"]))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode") + "\n"


def in_short(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the board in the few columns that fit a terminal or another's page."""
    return [
        {
            "rank": rank_label(row),
            "backbone": row["backbone"],
            "status": row["status"],
            "ROC AUC": "" if row["roc_auc"] is None else number(row["roc_auc"]),
            "interval": "" if row["roc_auc"] is None else interval(row["roc_auc_low"], row["roc_auc_high"]),
            "accuracy": "" if row["accuracy"] is None else number(row["accuracy"]),
            "ms": "" if row["ms_per_image_p50"] is None else f"{row['ms_per_image_p50']:.1f}",
        }
        for row in report["rows"]
    ]


def rank_label(row: Row) -> str:
    """Print the rank as people read it: `1=` in a tie, `–` outside the ranking."""
    if row["rank"] is None:
        return "\N{EN DASH}"
    return f"{row['rank']}=" if row.get("tied") else str(row["rank"])


def _markdown_cells(row: Row) -> list[str]:
    def cell(name: str, digits: int = 3) -> str:
        return "" if row[name] is None else number(row[name], digits)

    auc = (
        ""
        if row["roc_auc"] is None
        else f"{number(row['roc_auc'])} {interval(row['roc_auc_low'], row['roc_auc_high'])}"
    )
    costs = ["" if row[name] is None else f"{row[name]:.1f}" for name in ("ms_per_image_p50", "size_mb")]
    scores = [cell("p_best", 2), cell("accuracy"), cell("log_loss")]
    return [rank_label(row), f"`{row['backbone']}`", markdown(row["badge"]), auc, *scores, *costs]


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_guarded(row[name]) for name in columns] for row in rows)
    return out.getvalue()


def _guarded(value: Any) -> Any:
    """Keep a spreadsheet from running text as a formula; numbers stay as they are."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
