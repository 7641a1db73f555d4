"""The notebook's split, on its photos where this machine has them."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wreck_core.dataset import seed_photos
from wreck_core.errors import InputError
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import seed_split

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

URL = "https://photos.example/images/"


def store(layout: Layout, photos: Path, keep: slice = slice(None)) -> None:
    """Lay the photos into the workspace as the scrape would have."""
    rows = []
    for path in sorted(photos.glob("*/*"))[keep]:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        target = layout.images / sha256
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
        url = URL + path.relative_to(photos).as_posix().replace(" ", "%20")
        rows.append({"sha256": sha256, "path": layout.relative(target), "url": url})
    pd.DataFrame(rows).to_parquet(layout.candidates)


def test_the_split_is_the_notebook_s(layout: Layout, reference_photos: Path) -> None:
    store(layout, reference_photos)
    split = seed_photos.read_split(layout)
    expected = pd.read_csv(reference_photos.parent / "seed_split.csv").set_index("path")
    judged = set(split["file"][split["split"] == "test"])
    assert judged == set(expected.index[expected["subset"] == "val"])
    assert (split["label"][split["split"] == "test"] == "damaged").sum() == 116


def test_judged_photos_that_were_learned_from_are_counted(layout: Layout, reference_photos: Path) -> None:
    store(layout, reference_photos)
    split = seed_photos.read_split(layout)
    assert "run `wreck dedup`" in seed_photos.leak(layout, split)
    learned, judged = (split["sha256"][split["split"] == part].tolist() for part in ("fold", "test"))
    equal = len(set(learned) & set(judged))

    def counted(*pairs: tuple[str, str, str]) -> int:
        rows = [
            {"sha256": one, "survivor_sha256": other, "transform": "full", "decision": decision}
            for one, other, decision in pairs
        ]
        columns = ["sha256", "survivor_sha256", "transform", "decision"]
        pd.DataFrame(rows, columns=columns).to_parquet(layout.duplicates)
        return int(seed_photos.leak(layout, split).split()[0])

    before = counted()
    assert before >= equal
    fresh = [sha256 for sha256 in judged if sha256 not in set(learned)]
    assert counted((fresh[0], learned[0], "drop")) == before + 1
    assert counted((fresh[0], learned[0], "drop"), (fresh[1], fresh[0], "review")) == before + 2
    assert counted((fresh[0], fresh[1], "drop"), (learned[0], learned[1], "drop")) == before
    assert counted((fresh[0], learned[0], "keep")) == before


def test_other_photos_than_the_notebook_s_are_refused(layout: Layout, reference_photos: Path) -> None:
    store(layout, reference_photos, slice(10))
    with pytest.raises(InputError, match="holds 10 photos of the notebook, not 1,227"):
        seed_photos.read_split(layout)


@pytest.mark.slow
def test_frozen_rows_are_judged_beside_the_published_ones(
    layout: Layout, params: Params, reference_photos: Path
) -> None:
    store(layout, reference_photos)
    pair = params.model_copy(update={"ensembles": {"pair": ["efficientnet_lite0", "efficientnet_lite1"]}})
    begun: list[str] = []

    def cut_off(at: int, of: int, text: str) -> None:
        begun.append(text.partition(":")[0])
        if begun[-1].startswith("efficientnet_lite1"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seed_split.run(pair, layout, recipes=["frozen"], seeds=(29,), progress=cut_off)
    again: list[str] = []
    seed_split.run(
        pair,
        layout,
        recipes=["frozen"],
        seeds=(29,),
        progress=lambda at, of, text: again.append(text.partition(":")[0]),
    )
    assert set(begun) == {"efficientnet_lite0-frozen-29", "efficientnet_lite1-frozen-29"}
    assert set(again) == {"efficientnet_lite1-frozen-29"}  # what the first said was kept
    assert not list(layout.checkpoints.iterdir())
    table = pd.read_csv(layout.reports / "seed_split.csv")
    assert table.columns.tolist() == seed_split.COLUMNS
    assert table["recipe"].tolist() == ["frozen"] * 3 + ["published"] * 6
    ours = table[table["recipe"] == "frozen"]
    assert ours["backbone"].tolist()[-1] == "pair"
    assert (ours["auc"] > 0.93).all()
    assert ((ours["auc_low"] < ours["auc"]) & (ours["auc"] < ours["auc_high"])).all()
    assert np.isnan(table["auc_low"].to_numpy()[-1])
