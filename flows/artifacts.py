"""What Prefect's page shows of a run besides its states."""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from flows.outcomes import StageRun
from flows.tasks import log_of
from wreck_core import files
from wreck_core.layout import Layout
from wreck_core.report.exports import in_short
from wreck_core.report.interval_plot import interval_plot
from wreck_core.report.words import markdown
from wreck_core.stages.diff import Diff
from wreck_core.summary import Summary


def publish_leaderboard(layout: Layout) -> None:
    """Show the leaderboard, if there is one: a table, the verdict over its intervals, a link to its page."""
    path, page = layout.report_json, layout.reports / "leaderboard.html"
    if not (path.exists() and page.exists()):
        return
    report: dict[str, Any] = files.read_json(path)
    create_table_artifact(table=in_short(report), key="leaderboard", description="Every row, ranked")
    plot = base64.b64encode(interval_plot(report).encode()).decode()
    sentences = [report["verdict"]["sentence"], report["answers"]["ranking"], report["answers"]["changes"]]
    create_markdown_artifact(
        markdown="\n\n".join([*sentences, f"![Intervals](data:image/svg+xml;base64,{plot})"]),
        key="verdict",
        description="Who is really better: ROC AUC with its interval",
    )
    create_link_artifact(
        link=page.as_uri(), link_text=str(page), key="leaderboard-page", description="All of it, in one file"
    )


def publish_stages(runs: Iterable[StageRun], logs: Path) -> None:
    """Show what became of each stage, and the file with all that it said."""
    rows = []
    for run in runs:
        log = log_of(logs, run.stage)
        seconds, said = (f"{run.seconds:,.1f}", f"`{log.name}`") if log.exists() else ("", "")
        rows.append(f"| {run.stage} | {run.outcome} | {seconds} | {markdown(run.reason)} | {said} |")
    head = ["| stage | outcome | seconds | reason | log |", "|---|---|--:|---|---|"]
    create_markdown_artifact(
        markdown="\n".join([f"Logs lie in `{logs}`", "", *head, *rows]),
        key="stages",
        description="What became of each stage",
    )


def publish_dataset(changed: Diff) -> None:
    """Show what became of the dataset since the last commit."""
    create_markdown_artifact(
        markdown=f"{changed.title()}\n\n{changed.table()}\n",
        key="dataset",
        description="The dataset against that of the last commit",
    )


def publish_queue(queued: Summary) -> None:
    """Show how many pictures wait for a label, and how to give them."""
    rows = [f"| {name} | {value:,} |" for name, value in queued.rows if isinstance(value, int)]
    notes = [f"- {note}" for note in (*queued.notes, "run `wreck label`, or `wreck label --web`")]
    create_markdown_artifact(
        markdown="\n".join([queued.headline, "", "| | pictures |", "|---|--:|", *rows, "", *notes]),
        key="queue",
        description="What waits for a label",
    )


class Progress:
    """How many of `total` stages have ended."""

    def __init__(self, total: int) -> None:
        self._ended, self._total = 0, total
        key, why = "progress", "Stages that have ended, in percent"
        self._artifact: Any = create_progress_artifact(progress=0.0, key=key, description=why)

    def one_more(self) -> None:
        """Count one more."""
        self._ended += 1
        update_progress_artifact(UUID(str(self._artifact)), progress=100.0 * self._ended / self._total)
