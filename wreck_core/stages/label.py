"""The label stage: the window over the queue; its labels are exported when it closes."""

from dataclasses import replace

import pandas as pd

from wreck_core.labeling import rebuild
from wreck_core.labeling.session import LabelSession, Picture
from wreck_core.labeling.window import Cv2Window
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import labels
from wreck_core.summary import Summary


def run(params: Params, layout: Layout, annotator: str, round_name: str) -> Summary:
    """Open the window for `annotator` and write labels.csv when it is closed.

    Raises InputError before anything was scraped, WreckError where there is no display.
    """
    with rebuild.open_store(layout) as store:
        session = LabelSession(store, pictures(layout), annotator, round_name, params.labels)
        try:
            Cv2Window(session).run()
        finally:
            session.close()
            summary = labels.export_labels(params, layout)
    return replace(summary, headline=f"{session.given:,} labels given; {summary.headline}")


def pictures(layout: Layout) -> dict[str, Picture]:
    """Give each fetched picture by sha256. Raises InputError before anything was scraped."""
    layout.require_pictures()
    table = pd.read_parquet(layout.candidates, columns=["sha256", "path"])
    return {
        sha256: Picture(layout.root / path) for sha256, path in zip(table.sha256, table.path, strict=True)
    }
