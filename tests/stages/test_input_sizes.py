"""One builder at two sizes on one board: two rows that share weights, and nothing that was computed."""

import drawn
import numpy as np
import pandas as pd
import pytest

from wreck_core import files
from wreck_core.params import Params
from wreck_core.stages import train
from wreck_core.training.features import FeatureStore

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIZES_PX = {"small": 96, "large": 128}


def test_one_builder_at_two_sizes_is_two_rows_whose_features_do_not_mix(layout, params):
    drawn.fill(layout, per_class=8)
    raw = drawn.quick(params).model_dump()
    raw["backbones"] = {
        name: {"weights": "none", "builder": "mobilenet", "input_px": side} for name, side in SIZES_PX.items()
    }
    both = Params.model_validate(raw)
    records = {name: train.run(both, layout, name).data for name in SIZES_PX}
    assert len({record["weights_sha256"] for record in records.values()}) == 1

    for name, side_px in SIZES_PX.items():
        assert records[name]["input_px"] == side_px
        said = files.read_json(layout.model(name) / "model.json")["input"]
        assert (said["width_px"], said["height_px"]) == (side_px, side_px)

    stores = [FeatureStore(layout.features, path.stem) for path in sorted(layout.features.glob("*.db"))]
    assert len(stores) == 2
    assert "128px" in stores[0].path.name
    assert "96px" in stores[1].path.name
    pictures = pd.read_parquet(layout.manifest)["sha256"].tolist()
    large, small = (store.read(pictures) for store in stores)  # each has them all
    assert not np.equal(large, small).all(axis=1).any()
