"""What the label store says, as files: labels.csv for git, label_events.jsonl for the record."""

import json
from dataclasses import asdict

import pandas as pd

from wreck_core import files
from wreck_core.labeling import consensus
from wreck_core.labeling.consensus import FinalLabel
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout

COLUMNS = list(FinalLabel.__dataclass_fields__)


def write(layout: Layout, store: Store) -> list[FinalLabel]:
    """Write the final label of each picture, by sha256, and the whole log; give the labels.

    Raises BusyError when another process is writing them.
    """
    with files.locked(layout.locks, "labels"):
        final = consensus.final_labels(store.current_labels())
        with files.replacing(layout.labels) as temp:
            table = pd.DataFrame([asdict(row) for row in final], columns=COLUMNS)
            table.to_csv(temp, index=False, lineterminator="\n")
        with (
            files.replacing(layout.label_events) as temp,
            temp.open("w", encoding="utf-8", newline="\n") as log,
        ):
            for event in store.events():
                log.write(json.dumps(event, ensure_ascii=False) + "\n")
    return final
