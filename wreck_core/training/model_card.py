"""The page that goes with a model: what it is for, how good it is, how to use it. Every fact is measured."""

from dataclasses import dataclass
from typing import Any

from wreck_core.training.auto import BOTH

Facts = dict[str, Any]

BOTH_IN_WORDS = " (the mean log-odds of frozen and tuned top blocks)"

PAGE = """\
# {backbone}: is it {positive}?

A picture classifier with the classes {classes}, trained by Wreck Detect on {n_images:,} labelled pictures
(dataset {data_rev}, code {git_sha}).

## Input and output

{input_and_output}
Say {positive} when its p is at least {threshold} ({threshold_rule}).

## How good it is

Measured on pictures that the model had not seen, in folds that never split a scene.

| | |
|---|---|
{metrics}

## Limits

- It knows what its training pictures show, from where they came.
  `wreck predict` says `in_distribution: false` of a picture that is unlike them.
- A probability is calibrated for the mix of classes in the training pictures; another mix moves it.
- Near the threshold it is a coin: look at `margin`.

## From what

Backbone: {builder}, {citation}. Weights at the start: {weights_source} (sha256 {weights_sha256});
the licence of their publisher holds for them. Recipe: {recipe}{meaning}, {params_m} million parameters,
{versions}.
"""

ITSELF = """\
`model.keras`, for `keras.saving.load_model`. In go pictures, RGB uint8 (N, H, W, 3) of one size, 0-255.
It brings them to {width_px} x {height_px} pixels itself; `wreck predict` does so as training did ({resize}).
Out comes `p` (N, {n_classes}), {output}."""

COPY = """\
`{file}`, at most {difference:.1e} from the trained model on {golden} golden pictures.
In goes {image}, of {width_px} x {height_px} pixels, 0-255 (resized: {resize}).
Out come `p`, {output}, and `features`, on which the last layer stands."""


@dataclass(frozen=True)
class Copy:
    """A model for another runtime: its `file`, the `image` it takes, in words, and how far its p is off."""

    file: str
    image: str
    difference: float
    golden: int


def write(card: Facts, record: Facts, copy: Copy | None = None) -> str:
    """Fill the page from model.json (`card`) and metrics.json (`record`), of the model itself or a copy."""
    roc_auc, low, high = (record[name] for name in ("roc_auc", "roc_auc_low", "roc_auc_high"))
    shown = {
        "ROC AUC [95 %, scenes drawn whole]": f"{roc_auc:.3f} [{low:.3f}, {high:.3f}]",
        "accuracy": f"{record['accuracy']:.3f}",
        "log-loss": f"{record['log_loss']:.3f} nats",
        "milliseconds a picture, TensorFlow, where it was trained": f"{record['ms_per_image_p50']}",
    }
    about = {**card["input"], "output": card["output"], "n_classes": len(card["classes"])}
    values = {
        **record,
        **card,
        "input_and_output": COPY.format(**about, **vars(copy)) if copy else ITSELF.format(**about),
        "classes": " and ".join(card["classes"]),
        "git_sha": record["git_sha"][:12] or "not in git",
        "weights_sha256": record["weights_sha256"][:12],
        "metrics": "\n".join(f"| {name} | {value} |" for name, value in shown.items()),
        "versions": ", ".join(f"{name} {number}" for name, number in record["versions"].items()),
        "meaning": BOTH_IN_WORDS if record["recipe"] == BOTH else "",
    }
    return PAGE.format_map(values)
