"""A contradiction from the lists to its settlement: found, queued, judged, exported, gone."""

import fetched
import pandas as pd
from fetched import jpeg, photo, sha, smaller

from wreck_core import files
from wreck_core.labeling import rebuild, scripted
from wreck_core.labeling.schema import ADJUDICATE
from wreck_core.labeling.session import LabelSession
from wreck_core.layout import Layout
from wreck_core.params import Params, load
from wreck_core.stages import dedup, enqueue, labels


def judge(layout: Layout, label: str) -> int:
    """Answer all that waits for adjudication, as the window does."""
    with rebuild.open_store(layout) as store:
        session = LabelSession(store, {}, "judge", ADJUDICATE, load(layout.params).labels)
        given = scripted.answer_all(session, lambda sha256: label)
        session.close()
    return given


def test_twins_that_a_list_labels_differently_are_settled_by_adjudication(
    params: Params, layout: Layout
) -> None:
    params = params.model_copy(
        update={"dedup": params.dedup.model_copy(update={"max_removed_fraction": 1.0})}
    )
    large, small = jpeg(photo(1)), jpeg(smaller(photo(1)))
    fetched.store(
        layout, ("a", large, "damaged"), ("b", small, "undamaged"), ("c", jpeg(photo(2)), "damaged")
    )
    listed = layout.root / "cars.csv"
    files.write_text(listed, f"sha256,label\n{sha(large)},damaged\n{sha(small)},undamaged\n")
    labels.import_labels(params, layout, listed)
    assert "wreck label --round adjudicate" in dedup.run(params, layout).notes[0]
    assert files.read_json(layout.dedup_json)["conflicts"] == 1

    enqueue.run(params, layout)
    assert judge(layout, "undamaged") == 2
    labels.export_labels(params, layout)
    assert not dedup.run(params, layout).notes
    table = pd.read_parquet(layout.duplicates)
    assert table[["decision", "conflict"]].to_numpy().tolist() == [["drop", False]]
    final = pd.read_csv(layout.labels, keep_default_na=False).set_index("sha256")
    assert final.loc[sha(large), ["label", "annotator", "round", "flags"]].tolist() == [
        *("undamaged", "judge", ADJUDICATE, "")
    ]

    # A fresh clone has labels.csv only; what was adjudicated stays so, whoever labels it later.
    layout.label_db.unlink()
    layout.label_events.unlink()
    with rebuild.open_store(layout) as store:
        assert {row["kind"] for row in store.current_labels()} == {"adjudicate"}
    assert enqueue.run(params, layout).data["adjudicate"]["open"] == 0
