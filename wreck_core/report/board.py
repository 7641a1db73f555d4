"""The leaderboard: a row for every backbone and baseline, who is really better, and the verdict."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from wreck_core.evaluation import intervals, metrics
from wreck_core.evaluation.intervals import Comparison
from wreck_core.params import BackboneRow, Params
from wreck_core.report.evidence import Answers, Evidence, Failure

# Copied from a model's metrics.json as they stand.
_TRAINED = ["recipe", "weights"]
_COST = ["params_m", "size_mb", "input_px", "ms_per_image_p50", "ms_per_image_p95", "peak_rss_mb", "fit_s"]
_ORIGIN = ["git_sha", "data_rev", "weights_sha256"]

COLUMNS = [
    *["rank", "rank_low", "rank_high", "tie_group", "backbone", *_TRAINED, "status", "reason"],
    *["roc_auc", "roc_auc_low", "roc_auc_high", "delta_to_leader", "p_adjusted", "p_best"],
    *["log_loss", "brier", "ece", "accuracy", "precision", "recall", "f1", "threshold", "recall_at_p95"],
    *["worst_slice", "loso_auc", "test_auc", *_COST, *_ORIGIN],
]

Row = dict[str, Any]


@dataclass(frozen=True)
class Board:
    """Rows in order (ranked backbones with baselines between, then failures) and the models' comparison.

    `ranked` are the models best first; `comparison` is in that order, None when none was trained.
    """

    rows: list[Row]
    ranked: list[Answers]
    comparison: Comparison | None
    leader: str | None
    recommended: str | None


def build(params: Params, evidence: Evidence) -> Board:
    """Rank the models, compare all of them on the same resamples, and place the baselines beside."""
    models, settings = evidence.models, params.report
    scores = np.stack([answers.p_raw for answers in (*models, *evidence.baselines)])
    auc = np.array([metrics.within_fold_auc(evidence.cases, score) for score in scores])
    draws = intervals.bootstrap_auc(evidence.cases, scores, draws=settings.bootstrap, seed=settings.seed)
    order = [int(at) for at in np.argsort(-auc[: len(models)], kind="stable")]
    # Baselines do not widen the backbones' family: they are compared with the leader on their own.
    beside = [*order[:1], *range(len(models), len(auc))]
    aside = intervals.compare(auc[beside], draws[:, beside], settings.confidence)
    rows = _baseline_rows(evidence, auc[beside], aside)
    ranked = [models[at] for at in order]
    comparison = None
    if ranked:
        comparison = intervals.compare(auc[order], draws[:, order], settings.confidence)
        rows = _ranked_rows(params, evidence, ranked, auc[order], comparison) + rows
    rows.sort(key=lambda row: -float(row["roc_auc"]))  # stable: at a tie the backbone stands first
    failures = [_failed(params, failure) for failure in (*evidence.failures, *evidence.baseline_failures)]
    tied = [row for row in rows if row.get("tie_group") == 1]
    return Board(
        rows=[{column: row.get(column) for column in COLUMNS} | row for row in (*rows, *failures)],
        ranked=ranked,
        comparison=comparison,
        leader=ranked[0].name if ranked else None,
        recommended=_recommend(tied),
    )


def _ranked_rows(
    params: Params,
    evidence: Evidence,
    ranked: list[Answers],
    auc: metrics.Vector,
    comparison: Comparison,
) -> list[Row]:
    alpha = 1 - params.report.confidence
    groups = intervals.tie_groups(auc, comparison.p_adjusted, alpha)
    ranks = intervals.rank_intervals(comparison, alpha)
    rows = []
    for at, model in enumerate(ranked):
        low, high = ranks[at]
        row = {
            "rank": 1 + int((groups < groups[at]).sum()),
            "rank_low": low,
            "rank_high": high,
            "tie_group": int(groups[at]),
            "tied": int((groups == groups[at]).sum()) > 1,
            "status": "ok",
            "badge": _badge(model, params.backbones.get(model.name)),
            "p_best": float(comparison.p_best[at]),
        }
        row |= {key: model.facts.get(key) for key in (*_TRAINED, *_COST, *_ORIGIN)}
        elsewhere = model.facts.get("leave_one_source_out") or {}
        row |= {"loso_auc": elsewhere.get("auc"), "loso_reason": elsewhere.get("reason", "")}
        row |= _scored(model, evidence) | _auc_columns(auc[at], comparison, at) | _difference(comparison, at)
        rows.append(row)
    rows[0] |= _test_fold(params, ranked[0])
    return rows


def _baseline_rows(evidence: Evidence, auc: metrics.Vector, comparison: Comparison) -> list[Row]:
    """Rows of the baselines; column 0 of `auc` and `comparison` is the leader when there is one."""
    first = min(1, len(evidence.models))
    rows = []
    for at, answers in enumerate(evidence.baselines, start=first):
        row = {"status": "baseline", "badge": "baseline", "recipe": "baseline"}
        row |= _scored(answers, evidence) | _auc_columns(auc[at], comparison, at)
        rows.append(row | (_difference(comparison, at) if first else {}))
    return rows


def _auc_columns(auc: float, comparison: Comparison, at: int) -> Row:
    return {
        "roc_auc": float(auc),
        "roc_auc_low": float(comparison.low[at]),
        "roc_auc_high": float(comparison.high[at]),
    }


def _difference(comparison: Comparison, at: int) -> Row:
    """AUC minus that of the leader, with its simultaneous interval and adjusted p."""
    delta, margin = float(comparison.delta[at, 0]), float(comparison.margin[at, 0])
    return {
        "delta_to_leader": delta,
        "delta_low": delta - margin,
        "delta_high": delta + margin,
        "p_adjusted": float(comparison.p_adjusted[at, 0]),
    }


def _scored(answers: Answers, evidence: Evidence) -> Row:
    """Everything that one model's own answers say."""
    truth, p = evidence.cases.truth, answers.p
    threshold = float(answers.facts.get("threshold", 0.5))
    counts = metrics.confusion(truth, p, threshold)
    return {
        "backbone": answers.name,
        "log_loss": metrics.log_loss(truth, p),
        "brier": metrics.brier(truth, p),
        "ece": metrics.expected_calibration_error(truth, p),
        "accuracy": counts.accuracy,
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
        "threshold": threshold,
        "recall_at_p95": metrics.recall_at_precision(truth, p, 0.95),
        "confusion": {
            "true_positive": counts.true_positive,
            "false_positive": counts.false_positive,
            "false_negative": counts.false_negative,
            "true_negative": counts.true_negative,
        },
        "roc": metrics.roc_points(truth, p),
        "pr": metrics.pr_points(truth, p),
        "average_precision": metrics.average_precision(truth, p),
        "reliability": metrics.reliability(truth, p),
    }


def _test_fold(params: Params, leader: Answers) -> Row:
    """Score the winner, and nobody else, on the locked test fold."""
    test = leader.test
    if test is None or test["truth"].nunique() < 2:
        return {}
    cases = metrics.Cases(
        truth=test["truth"].to_numpy(bool),
        fold=np.zeros(len(test), np.int64),
        cluster=np.unique(test["cluster"], return_inverse=True)[1],
    )
    auc, low, high = intervals.auc_interval(cases, test["p_raw"].to_numpy(np.float64), params.report)
    return {
        "test_auc": auc,
        "test_auc_low": low,
        "test_auc_high": high,
        "test_images": len(test),
    }


def _badge(model: Answers, row: BackboneRow | None) -> str:
    recipe = str(model.facts.get("recipe", ""))
    return "random" if row and row.weights == "none" and recipe != "scratch" else recipe


def _failed(params: Params, failure: Failure) -> Row:
    row = params.backbones.get(failure.name)
    return {
        "backbone": failure.name,
        "recipe": None if row else "ensemble" if failure.name in params.ensembles else "baseline",
        "weights": row.weights if row else None,
        "status": "failed",
        "badge": "failed",
        "reason": failure.reason,
        "fix": failure.fix,
    }


def _recommend(tied: list[Row]) -> str | None:
    """Choose the fastest of the best: few pictures tie everything, so it must itself beat chance."""
    sound = [row for row in tied if row["roc_auc_low"] > 0.5] or tied[:1]
    return str(min(sound, key=_speed)["backbone"]) if sound else None


def _speed(row: Row) -> tuple[float, float]:
    took_ms = row["ms_per_image_p50"]
    return (float("inf") if took_ms is None else float(took_ms), -row["roc_auc"])
