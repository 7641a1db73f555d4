"""What every threshold would answer, counted from the predictions in report.json."""

from typing import Any

import numpy as np

STEPS = 100  # thresholds 0, 1/100 … 1


def counts(report: dict[str, Any], backbone: str) -> list[tuple[int, int]]:
    """Count (found, false alarms) of one model at each of STEPS + 1 thresholds, from 0 to 1.

    An alarm is p >= threshold, as in the stored answers.
    """
    truth = np.array(report["predictions"]["truth"].split()) == "1"
    p = np.array(report["predictions"]["p"][backbone].split(), np.float64)
    at = np.linspace(0, 1, STEPS + 1)
    found, alarms = (np.sort(p[side]) for side in (truth, ~truth))
    return [
        (len(found) - int(below), len(alarms) - int(under))
        for below, under in zip(np.searchsorted(found, at), np.searchsorted(alarms, at), strict=True)
    ]


def picker(report: dict[str, Any], backbones: list[str]) -> dict[str, Any]:
    """Give what the slider needs of every model: totals of both classes and the counts by threshold."""
    truth = report["predictions"]["truth"]
    return {
        "positives": truth.count("1"),
        "negatives": truth.count("0"),
        "models": {name: counts(report, name) for name in backbones},
    }
