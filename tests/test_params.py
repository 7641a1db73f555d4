"""params.yaml: the only defaults, refused with the path of what is wrong."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wreck_core import params
from wreck_core.errors import ParamsError
from wreck_core.layout import Layout
from wreck_core.training import backbones


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_shipped_file_is_valid(layout: Layout) -> None:
    loaded = params.load(layout.params)
    assert loaded.labels.all == ["damaged", "undamaged", "unsure", "reject"]
    assert "scratch_cnn" in loaded.backbones


def test_the_rows_that_are_switched_off_are_valid_too(layout: Layout) -> None:
    text = layout.params.read_text()
    switched_on = re.sub(r"^  # (\w+: \{.*\})$", r"  \1", text, flags=re.M)
    more = set(yaml.safe_load(switched_on)["backbones"]) - set(yaml.safe_load(text)["backbones"])
    assert more >= {"mobilenet_v3_large", "efficientnet_v2_b0", "densenet121", "convnext_tiny"}
    layout.params.write_text(switched_on)
    rows = params.load(layout.params).backbones
    assert rows["mine"].weights.endswith(".keras")
    builders = {row.builder or name for name, row in rows.items()} - {"mine"}
    assert builders == set(backbones.TABLE)


def test_an_unknown_key_is_named_with_its_path_and_the_nearest_name(layout: Layout) -> None:
    change(layout.params, "retries:", "retires:")
    with pytest.raises(
        ParamsError, match=r"scrape\.retires: unexpected key \(did you mean retries\?\)"
    ) as caught:
        params.load(layout.params)
    assert caught.value.exit_code == 2


def test_an_unknown_setting_of_a_backbone_is_named(layout: Layout) -> None:
    change(layout.params, "resnet50: {weights: imagenet}", "resnet50: {weights: imagenet, epoch: 3}")
    with pytest.raises(
        ParamsError, match=r"backbones\.resnet50\.epoch: unexpected key \(did you mean epochs\?\)"
    ):
        params.load(layout.params)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("threshold_bits: 72", "threshold_bits: 90", "dedup.threshold_bits"),
        ("threads: 32", 'threads: "32"', "scrape.threads"),
        ("resnet50: {weights: imagenet}", "mine: {weights: m.keras}", "needs preprocessing and input_px"),
        (
            "resnet50: {weights: imagenet}",
            "resnet50: {weights: imagenet, preprocessing: tf}",
            "other rows have their own",
        ),
        ("positive: damaged", "positive: broken", "positive: broken is not one of the classes"),
        ('reject: "4"', 'reject: "1"', "one key is given to two labels"),
        ('reject: "4"', 'reject: "g"', "'g' is a command"),
        ('"#009e73"', '"#D55E00"', "one colour is given to two labels"),
        ('"#009e73"', '"green"', "labels.colours.undamaged"),
        ("flags: [blurry", "flags: [conflict", "flags: a flag is named twice, or is called conflict"),
        ("flags: [blurry", "flags: [watermark", "flags: a flag is named twice"),
        ("mobilenet_v2:", "../evil:", "backbones.../evil"),
        ("order: random", "order: best", "enqueue.order"),
        ('mirror: ""', 'mirror: "ftp://mirror.local"', "weights.mirror"),
        ('mirror: ""', 'mirror: "http://me:secret@mirror.local"', "weights.mirror"),
    ],
)
def test_a_wrong_value_is_named(layout: Layout, old: str, new: str, message: str) -> None:
    change(layout.params, old, new)
    with pytest.raises(ParamsError) as caught:
        params.load(layout.params)
    assert message in str(caught.value)


def test_three_classes_are_allowed(layout: Layout) -> None:
    change(layout.params, "[damaged, undamaged]", "[damaged, undamaged, burnt]")
    change(layout.params, 'undamaged: "2",', 'undamaged: "2", burnt: "5",')
    change(layout.params, 'undamaged: "#009e73",', 'undamaged: "#009e73", burnt: "#f0e442",')
    assert len(params.load(layout.params).labels.classes) == 3


def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"there is no params\.yaml here"):
        params.load(tmp_path / "params.yaml")


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs",))))
def test_any_text_is_valid_or_a_params_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("params") / "params.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ParamsError):
        params.load(path)


def test_every_key_of_the_models_stands_in_the_file(layout: Layout) -> None:
    raw = yaml.safe_load(layout.params.read_text())
    loaded = params.load(layout.params).model_dump()
    for section in set(loaded) - {"backbones"}:
        assert set(raw[section]) == set(loaded[section])
