"""Write docs/results from a real run: `python -m scripts.results WORKSPACE`, after `make real`.

The board without thumbnails, the seed notebook's table beside ours where `make seed-split` was run, and what
duplicates and folds by cluster changed.
"""

import csv
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import leak, machine
from scripts.reference.markdown import code, page, table
from wreck_core import files, params
from wreck_core.dataset import seed_photos
from wreck_core.errors import WreckError
from wreck_core.layout import Layout
from wreck_core.stages import report

OUT = Path(__file__).resolve().parents[1] / "docs" / "results"
SHOWN = ("leaderboard.html", "leaderboard.csv")
BACKBONE = "mobilenet_v2"  # of the comparison of splits


def main(workspace: Path) -> None:
    """Write the page, and the board beside it."""
    layout = Layout(workspace.resolve())
    duplicates = _duplicates_part(layout)  # before anything is written: it may find no weights
    parts = [
        _about(layout),
        _board_part(_board(layout)),
        _seed_part(layout),
        duplicates,
    ]
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "index.md").write_text(page("Results on 1,227 photos", *parts), encoding="utf-8")


def _board(layout: Layout) -> str:
    """Make the report anew without thumbnails, elsewhere; keep its page and table, give its Markdown."""
    settings = params.load(layout.params)
    settings = settings.model_copy(
        update={"report": settings.report.model_copy(update={"thumbnails": "none"})}
    )
    with tempfile.TemporaryDirectory(dir=layout.state) as folder:
        layout.reports = Path(folder)
        report.run(settings, layout)
        OUT.mkdir(parents=True, exist_ok=True)
        for name in SHOWN:
            shutil.copy(layout.reports / name, OUT)
        text = (layout.reports / "leaderboard.md").read_text(encoding="utf-8")
    layout.reports = layout.root / "reports"
    return text


def _about(layout: Layout) -> str:
    facts = machine.describe("tensorflow", "scikit-learn", "opencv-python")
    funnel = files.read_json(layout.dataset_json)["funnel"]
    counts = " → ".join(f"{number:,} {name}" for name, number in funnel.items())
    return (
        "Written by `make results` after `make real` and `make seed-split`, from the public photos of "
        f"`data/urls/wreck_detect.csv`: {counts}. No photo is shown here: they belong to their owners.\n\n"
        + "; ".join(f"{name} {value}" for name, value in facts.items())
        + f". Milliseconds depend on what else the machine does: load {os.getloadavg()[2]:.0f} over the "
        "quarter of an hour before this was written."
    )


def _board_part(board: str) -> str:
    body = board.partition("\n\n")[2].strip()
    return f"## The board\n\n[The whole page](leaderboard.html), [as a table](leaderboard.csv).\n\n{body}"


def _seed_part(layout: Layout) -> str:
    path, title = layout.reports / "seed_split.csv", "## Beside the seed notebook's table"
    if not path.exists():
        return f"{title}\n\nNot run: `make seed-split`."
    with path.open(encoding="utf-8", newline="") as handle:
        head, *rows = list(csv.reader(handle))
    leaked = seed_photos.leak(layout, seed_photos.read_split(layout))
    cells = [[code(name), recipe, *map(_rounded, numbers)] for name, recipe, *numbers in rows]
    return (
        f"{title}\n\nThe notebook's own split: 982 photos to learn from, 245 to judge. `published` are its "
        "numbers, without predictions to pair with; ours are means over three seeds, with intervals over the "
        f"photos. On 245 photos accuracy is known to about four points; {leaked}.\n\n" + table(head, cells)
    )


def _duplicates_part(layout: Layout) -> str:
    found = files.read_json(layout.dedup_json)
    rows = leak.study(layout, BACKBONE)
    cells = [[_shown(value) for value in row.values()] for row in rows]
    return (
        "## What duplicates and folds by cluster changed\n\n"
        f"Of {found['urls']:,} URLs {found['byte_duplicates']} lead to bytes that another has, and "
        f"{found['near_duplicates']} pictures are near-duplicates of another; {found['conflicts']} cluster "
        f"carries both labels. One frozen row ({code(BACKBONE)}), the same features and head, means over "
        f"{leak.SEEDS} seeds (`python -m benchmarks.leak real`):\n\n" + table(list(rows[0]), cells)
    )


def _rounded(cell: str) -> str:
    return f"{float(cell):.3f}" if cell else ""


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except WreckError as error:
        sys.exit(str(error))
