"""The board against others of its kind: its own gates, the report that was kept, another commit or folder."""

import json
from pathlib import Path
from typing import Any

from wreck_core import dvcio, files
from wreck_core.errors import InputError
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.report import changes
from wreck_core.report.words import changes as told
from wreck_core.report.words import interval, number
from wreck_core.summary import Summary


def check(layout: Layout) -> Summary:
    """Judge the gates of the report as it stands; not ok when one does not hold.

    Raises InputError when there is no report.
    """
    gates = _report(layout)["gates"]
    failed = [gate["name"] for gate in gates if not gate["ok"]]
    return Summary(
        headline=f"{len(gates) - len(failed)} of {len(gates)} gates hold",
        rows=tuple((gate["name"], f"{'holds' if gate['ok'] else 'fails'}: {gate['says']}") for gate in gates),
        ok=not failed,
        data={"gates": gates},
    )


def keep(layout: Layout) -> Summary:
    """Put the report as it stands in reports/previous.json: the next one says what changed since.

    Raises InputError when there is no report.
    """
    report = _report(layout)
    files.write_json(layout.previous_report, changes.kept(report))
    return Summary(
        headline=f"kept: the next report is compared with this one on its {report['images']:,} pictures",
        notes=(f"commit {layout.relative(layout.previous_report)}",),
    )


def compare(params: Params, layout: Layout, other: str) -> Summary:
    """Compare the report with another: a folder (a workspace or its reports/) or a git revision.

    Raises InputError when either is missing or of another version.
    """
    now = _report(layout)
    changed = changes.between(now, _other(layout, other), params.report)
    rows = []
    for row in changed["rows"]:
        shift = row["shift"]
        if shift:
            text = f"{number(shift['auc_before'])} → {number(shift['auc_now'])}, "
            text += f"{number(shift['delta'])} {interval(shift['delta_low'], shift['delta_high'])}"
        else:
            text = row["status"] if row["before"] else f"{row['status']}, not in the other"
        rows.append((row["backbone"], text))
    return Summary(
        headline=told(changed),
        rows=(*rows, *((name, "only in the other") for name in changed["off_the_board"])),
        data=changed,
    )


def _report(layout: Layout) -> dict[str, Any]:
    path = layout.report_json
    if not path.exists():
        raise InputError("there is no report yet", where=str(path), fix="run `wreck report` first")
    report: dict[str, Any] = files.read_json(path)
    return report


def _other(layout: Layout, other: str) -> dict[str, Any]:
    folder = Path(other)
    if folder.is_dir():
        found = [
            path for path in (folder / "report.json", folder / "reports" / "report.json") if path.is_file()
        ]
        if not found:
            raise InputError("holds no report.json", where=other, fix="name a workspace or its reports/")
        text = found[0].read_text(encoding="utf-8")
    else:
        text = dvcio.read_at(layout.root, other, layout.relative(layout.report_json))
    try:
        report: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise InputError(f"is no JSON: {error}", where=f"report.json of {other}") from None
    return report
