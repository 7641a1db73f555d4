import re

import answered
import numpy as np
import pytest

from wreck_core.files import read_json, write_json
from wreck_core.inference import explain
from wreck_core.report import looks
from wreck_core.report.forget import forget
from wreck_core.stages import report
from wreck_core.training import model_file, runtime
from wreck_core.training.runtime import keras

CARD = {"input": {"width_px": 32}, "classes": ["damaged", "undamaged"], "positive": "damaged"}

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(autouse=True, scope="module")
def _threads():
    """Fix the threads before the first operation: TensorFlow takes no other number afterwards."""
    runtime.start(threads=2, seed=29)


@pytest.fixture
def workspace(layout):
    """Two models with answers; the better one with a network of its own, which has a 4 x 4 map."""
    answered.fill(layout)
    answered.answer(layout, "mobilenet", 1.6)
    answered.answer(layout, "resnet50", 0.6)
    keras.utils.set_random_seed(1)
    image = keras.Input((32, 32, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 8, 8)(image))
    network = keras.Model(image, keras.layers.Dense(2, name="logits")(pooled))
    model_file.save(model_file.assemble(network, 1.0, "m"), layout.model("mobilenet") / "model.keras")
    write_json(layout.model("mobilenet") / "model.json", CARD)
    return layout


def seen(layout, params, **settings):
    report.run(answered.board_of(params, "mobilenet", "resnet50", **settings), layout)
    return read_json(layout.report_json)["looks"]


def test_every_chosen_picture_has_its_map_in_the_page_and_the_bytes_repeat(workspace, params):
    told = seen(workspace, params)
    assert told["backbone"] == "mobilenet"
    shown = {item["sha256"] for items in told["groups"].values() for item in items}
    assert shown == set(told["maps"])
    page = (workspace.reports / "leaderboard.html").read_bytes()
    assert all(uri.encode() in page for uri in told["maps"].values())
    seen(workspace, params)
    assert (workspace.reports / "leaderboard.html").read_bytes() == page
    assert seen(workspace, params, thumbnails="blur")["maps"] != told["maps"]
    assert seen(workspace, params, thumbnails="none")["maps"] == {}


def test_every_picture_is_shown_under_its_hash_so_that_its_takedown_finds_the_page(workspace, params):
    seen(workspace, params)
    told, page = read_json(workspace.report_json), workspace.reports / "leaderboard.html"
    text = page.read_text()
    figures = re.findall(r'<figure data-sha256="(\w{64})"[^>]*>\s*<img src="(data:image/webp[^"]+)"', text)
    assert len(figures) == text.count("data:image/webp")
    of = {**{uri: sha for sha, uri in told["gallery"]["thumbnails"].items()}}
    of |= {uri: sha for sha, uri in told["looks"]["maps"].items()}
    assert {(of[uri], uri) for _, uri in figures} == {(sha, uri) for sha, uri in figures}
    assert set(of) == {uri for _, uri in figures}
    found = forget(workspace.reports, [figures[-1][0]])
    assert {"leaderboard.html", "report.json"} <= set(found)
    assert not page.exists()


def test_the_surest_are_chosen_of_each_kind(workspace, params):
    groups = seen(workspace, params, thumbnails="none")["groups"]
    stated = {kind: [item["p"] for item in items] for kind, items in groups.items()}
    assert {item["label"] for item in groups["found"]} == {"damaged"}
    assert {item["label"] for item in groups["false_alarms"]} == {"undamaged"}
    assert stated["found"] == sorted(stated["found"], reverse=True)
    assert stated["missed"] == sorted(stated["missed"])
    assert min(stated["found"]) >= 0.5 > max(stated["missed"])


def test_a_model_without_its_file_or_without_a_map_is_no_error(workspace, params):
    image = keras.Input((32, 32, 3))
    dense = keras.Model(image, keras.layers.Dense(2, name="logits")(keras.layers.Flatten()(image)))
    path = workspace.model("mobilenet") / "model.keras"
    model_file.save(model_file.assemble(dense, 1.0, "m"), path)
    assert seen(workspace, params)["says"].startswith("mobilenet cannot be looked into")
    path.unlink()
    assert seen(workspace, params)["maps"] == {}


@pytest.mark.parametrize(
    ("hot", "share", "verdict"),
    [((1, 1), 0, "it looks at the middle"), ((0, 2), 100, "look whether it learned the background")],
)
def test_share_of_the_rim_is_told(workspace, params, hot, share, verdict):
    heat = np.full((4, 4), -1.0, np.float32)
    heat[hot] = 2.0
    told = {"settings": {"thumbnails": "full"}, "positive": "damaged"}
    told["looks"] = seen(workspace, params, thumbnails="none")
    looks.draw(told, workspace, lambda picture: heat, explain.overlay)
    many = len(told["looks"]["groups"]["found"])
    says = (
        f"On the {many} pictures that it is surest of, {share} % of what speaks for damaged lies at the rim, "
    )
    assert told["looks"]["says"].startswith(f"{says}which is 75 % of the picture: {verdict}")
