"""The page that goes with a model: what it is for, how good it is, how to use it. Every fact is measured."""

from typing import Any

from wreck_core.training.auto import BOTH

Facts = dict[str, Any]

PAGE = """\
# {backbone}: is it {positive}?

A picture classifier with the classes {classes}, trained by Wreck Detect on {n_images:,} labelled pictures
(dataset {data_rev}, code {git_sha}).

## Input and output

In goes {image}, of {width_px} x {height_px} pixels, 0-255 (resized: {resize}).
Out come `p`, {output}, and `features`, on which the last layer stands.
Say {positive} when its p is at least {threshold} ({threshold_rule}).
This file: `{file}`, at most {difference:.1e} from the trained model on {golden} golden pictures.

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


def write(card: Facts, record: Facts, interval: tuple[float, float], file: str, checked: Facts) -> str:
    """Fill the page from model.json (`card`) and metrics.json (`record`); `interval` is of the ROC AUC.

    `checked` says the `difference` from the golden answers, how many pictures are `golden`, and the
    `image` that the file takes, in words.
    """
    shown = {
        "ROC AUC": f"{record['roc_auc']:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]",
        "accuracy": f"{record['accuracy']:.3f}",
        "log-loss": f"{record['log_loss']:.3f} nats",
        "milliseconds a picture, TensorFlow, this CPU": f"{record['ms_per_image_p50']}",
    }
    values = {
        **record,
        **card,
        **card["input"],
        **checked,
        "classes": " and ".join(card["classes"]),
        "git_sha": record["git_sha"][:12] or "not in git",
        "weights_sha256": record["weights_sha256"][:12],
        "metrics": "\n".join(f"| {name} | {value} |" for name, value in shown.items()),
        "versions": ", ".join(f"{name} {number}" for name, number in record["versions"].items()),
        "file": file,
        "meaning": " (the mean log-odds of frozen and tuned top blocks)" if record["recipe"] == BOTH else "",
    }
    return PAGE.format_map(values)
