"""The seed notebook's photos and its split of them: 982 to learn from, 245 to judge."""

from pathlib import PurePosixPath
from urllib.parse import unquote

import numpy as np
import pandas as pd

from wreck_core import files
from wreck_core.dataset import manifest
from wreck_core.dataset.folds import TEST_FOLD
from wreck_core.errors import InputError
from wreck_core.layout import Layout

LABELS = {"positives": "damaged", "negatives": "undamaged"}  # by the folder of a photo
PHOTOS, JUDGED, SEED = 1227, 245, 29  # of the notebook
# What the seed project (tpham222/Wreck_Detect) published: backbone, loss, accuracy, precision, recall, AUC.
PUBLISHED = (
    ("mobilenet_v2", 0.369190, 0.893878, 0.932692, 0.836207, 0.956161),
    ("resnet50", 0.589307, 0.885714, 0.879310, 0.879310, 0.963546),
    ("inception_v3", 0.540045, 0.877551, 0.930000, 0.801724, 0.951116),
    ("efficientnet_b1", 0.476308, 0.857143, 0.824000, 0.887931, 0.941693),
    ("nasnet", 0.734002, 0.853061, 0.877358, 0.801724, 0.934309),
    ("xception", 0.459689, 0.812245, 0.812500, 0.784483, 0.894179),
)


def read_split(layout: Layout) -> pd.DataFrame:
    """Find the notebook's photos among the candidates and split them as it did.

    Returns the columns of `pictures.read_samples`; those to learn from are in no fold. Raises InputError
    when some are missing.
    """
    layout.require_pictures()
    found = files.read_table(layout.candidates, columns=["sha256", "path", "url"])
    found["file"] = ["/".join(PurePosixPath(unquote(url)).parts[-2:]) for url in found["url"]]
    found["label"] = [LABELS.get(file.partition("/")[0]) for file in found["file"]]
    found = found.dropna(subset="label").sort_values("file", ignore_index=True)
    if len(found) != PHOTOS:
        raise InputError(
            f"holds {len(found):,} photos of the notebook, not {PHOTOS:,}",
            where=str(layout.candidates),
            fix="run `make seed-split`, which fetches them",
        )
    order = np.arange(PHOTOS)
    np.random.RandomState(SEED).shuffle(order)  # as Keras draws `validation_split`
    judged = np.isin(found.index, order[-JUDGED:])
    found["split"] = np.where(judged, "test", "fold")
    boxes = pd.Series([None] * PHOTOS, dtype=object)
    classes = list(LABELS.values())
    found["target"] = [classes.index(label) for label in found["label"]]
    return found.assign(cluster=found["sha256"], source="seed", fold=TEST_FOLD, box=boxes)


def leak(layout: Layout, split: pd.DataFrame) -> str:
    """Say how many of the photos that `read_split` lets be judged were, or nearly were, learned from."""
    if not layout.duplicates.exists():
        return "which photos to judge were learned from was not looked at: run `wreck dedup`"
    cluster = manifest.clusters(files.read_table(layout.duplicates))
    home = pd.Series([cluster.get(sha256, sha256) for sha256 in split["sha256"]])
    judged = (split["split"] == "test").to_numpy()
    count = int(home[judged].isin(home[~judged]).sum())
    return f"{count} of the {JUDGED} photos to judge are, or nearly are, among those to learn from"
