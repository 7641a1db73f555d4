"""What changed between two reports, on the pictures that both judged: no difference without its interval.

A report carries every out-of-fold probability, so two of them are enough: neither needs its models.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import ks_2samp

from wreck_core.errors import InputError
from wreck_core.evaluation import intervals, metrics
from wreck_core.evaluation.metrics import Cases, Vector
from wreck_core.evaluation.slices import MIN_IMAGES
from wreck_core.params import ReportParams
from wreck_core.report.board import Board, Row
from wreck_core.report.evidence import Evidence

NAME_DIGITS = 16  # hex digits that name a picture here: a collision among a million has odds of 1 in 10^7
_KEPT = ["schema", "images", "positive", "verdict", "predictions"]
_SHOWN_BEFORE = ["status", "rank", "roc_auc"]

Report = dict[str, Any]


def predictions(evidence: Evidence, board: Board) -> dict[str, Any]:
    """Write down every answer: pictures by the head of their sha256, p (calibrated) to 4 digits.

    A column is one text with a word for each picture: a third of the size of a JSON list.
    """
    cases = evidence.cases
    return {
        "sha256": " ".join(str(name)[:NAME_DIGITS] for name in evidence.pictures["sha256"]),
        "truth": " ".join("1" if truth else "0" for truth in cases.truth),
        "fold": " ".join(map(str, cases.fold)),
        "cluster": " ".join(map(str, cases.cluster)),
        "p": {model.name: " ".join(f"{p:.4f}" for p in model.p) for model in board.ranked},
    }


def kept(report: Report) -> Report:
    """Give what a later report needs of this one to say what changed; no URL and no picture."""
    rows = [{key: row[key] for key in ["backbone", *_SHOWN_BEFORE]} for row in report["rows"]]
    return {key: report[key] for key in _KEPT} | {"rows": rows}


def between(now: Report, then: Report, settings: ReportParams) -> dict[str, Any]:
    """Say how the pictures, the rows and the leader changed from `then` to `now`.

    Rows are compared on the pictures that both reports judged under the same label, by a paired
    bootstrap over today's clusters; as there are many, their intervals are simultaneous. Raises InputError
    when `then` is no report of this version.
    """
    try:
        if then["schema"] != now["schema"] or then["positive"] != now["positive"]:
            raise ValueError("another schema or another positive class")
        return _between(now, then, settings)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"cannot be compared with: {error!r}",
            where="the earlier report",
            fix="put the report of this version in its place with `wreck report --keep`",
        ) from None


def _between(now: Report, then: Report, settings: ReportParams) -> dict[str, Any]:
    common = _Common.of(now["predictions"], then["predictions"])
    before = {row["backbone"]: row for row in then["rows"] if row["status"] != "baseline"}
    today = {row["backbone"]: row for row in now["rows"] if row["status"] != "baseline"}
    leaders = (now["verdict"]["leader"], then["verdict"]["leader"])
    shifts = common.shifts([(name, name) for name in sorted(today) if name in before], settings)
    # The one comparison that was meant from the start, and that a gate may rest on, is judged for itself.
    lead = common.shifts([leaders] if all(leaders) else [], settings)
    return {
        "pictures": common.counts,
        "rows": [
            {
                "backbone": name,
                "status": row["status"],
                "rank": row["rank"],
                "before": {key: before[name][key] for key in _SHOWN_BEFORE} if name in before else None,
                "shift": shifts.get((name, name)),
            }
            for name, row in today.items()
        ],
        "off_the_board": sorted(before.keys() - today.keys()),
        "leader": {"now": leaders[0], "before": leaders[1], "shift": lead.get(leaders)},
    }


@dataclass(frozen=True)
class _Common:
    """The pictures that two reports judged under the same label, and both reports' answers to them."""

    cases: Cases
    now: dict[str, Vector]
    then: dict[str, Vector]
    counts: dict[str, int]

    @classmethod
    def of(cls, now: Report, then: Report) -> "_Common":
        names, truth, was_truth = now["sha256"].split(), now["truth"].split(), then["truth"].split()
        place = {name: at for at, name in enumerate(then["sha256"].split())}
        known = [(at, place[name]) for at, name in enumerate(names) if name in place]
        same = [(at, was) for at, was in known if truth[at] == was_truth[was]]
        here, there = np.array(same, np.int64).reshape(-1, 2).T
        return cls(
            cases=Cases(
                truth=(np.array(truth) == "1")[here],
                fold=np.array(now["fold"].split(), np.int64)[here],
                cluster=np.array(now["cluster"].split(), np.int64)[here],
            ),
            now={name: np.array(p.split(), np.float64)[here] for name, p in now["p"].items()},
            then={name: np.array(p.split(), np.float64)[there] for name, p in then["p"].items()},
            counts={
                "common": len(same),
                "new": len(names) - len(known),
                "gone": len(place) - len(known),
                "relabelled": len(known) - len(same),
            },
        )

    def shifts(self, pairs: list[tuple[str, str]], settings: ReportParams) -> dict[tuple[str, str], Row]:
        """Compare a model of today with one of then, for each pair that both reports answered.

        The intervals hold for all pairs at once.
        """
        answered = [(a, b) for a, b in pairs if a in self.now and b in self.then]
        if not answered or not self.cases.two_sided:
            return {}
        scores = np.stack([*(self.now[a] for a, _ in answered), *(self.then[b] for _, b in answered)])
        auc = np.array([metrics.within_fold_auc(self.cases, score) for score in scores])
        draws = intervals.bootstrap_auc(self.cases, scores, draws=settings.bootstrap, seed=settings.seed)
        many = len(answered)
        delta = auc[:many] - auc[many:]
        low, high = intervals.together(delta, draws[:, :many] - draws[:, many:], settings.confidence)
        return {
            pair: {
                "auc_before": float(auc[many + at]),
                "auc_now": float(auc[at]),
                "delta": float(delta[at]),
                "delta_low": float(low[at]),
                "delta_high": float(high[at]),
            }
            for at, pair in enumerate(answered)
        }


def drift(evidence: Evidence, then: Report) -> list[Row]:
    """Compare the new pictures with those that the earlier report knew, fact by fact.

    By Kolmogorov and Smirnov's distance with its p; empty while either side has fewer than 20.
    """
    known = evidence.pictures["sha256"].str[:NAME_DIGITS].isin(then["predictions"]["sha256"].split())
    facts = {
        "short side, px": evidence.pictures[["width", "height"]].min(axis=1),
        "width over height": evidence.pictures["width"] / evidence.pictures["height"],
        "brightness": evidence.pictures["brightness"],
    }
    rows = []
    for name, values in facts.items():
        old, new = (values[side].dropna().to_numpy(np.float64) for side in (known, ~known))
        if min(len(old), len(new)) >= MIN_IMAGES:
            test = ks_2samp(old, new)
            medians = {"known": float(np.median(old)), "new": float(np.median(new))}
            rows.append({"fact": name, **medians, "distance": float(test.statistic), "p": float(test.pvalue)})
    return rows
