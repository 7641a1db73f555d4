"""Every column of the leaderboard: what it says, its formula, and where it comes from."""

from dataclasses import dataclass

from scripts.reference import markdown
from scripts.reference.markdown import code, table
from wreck_core.evaluation.slices import MIN_IMAGES
from wreck_core.report.board import COLUMNS


@dataclass(frozen=True)
class Score:
    """One column: in words, as a formula or rule, and its source where there is one."""

    says: str
    formula: str = ""
    source: str = ""


_INTERVAL = (
    "paired bootstrap of whole clusters, each class for itself: 2.5 % and 97.5 % quantiles over the"
    " resamples, at the shipped confidence"
)
_CLUSTERS = "Field & Welsh, JRSS B 69 (2007)"
_MAX_T = "Romano & Wolf, Econometrica 73 (2005)"
_BOARD = {
    "rank": Score("place of the tie group", "1 + rows in better tie groups"),
    "rank_low": Score("best rank that the proven differences leave open", "1 + rows proven better"),
    "rank_high": Score("worst rank that they leave open", "rows - rows proven worse"),
    "tie_group": Score(
        "rows that cannot be told apart, 1 for the best",
        "the best row that is left, and all with adjusted p ≥ 1 - confidence against it",
    ),
    "backbone": Score("row of params.yaml, ensemble or baseline"),
    "recipe": Score("how it was trained; `both`: frozen and tuned, at the mean of their log-odds"),
    "weights": Score("what training started from"),
    "status": Score("[ok, baseline or failed](statuses.md#rows-of-the-leaderboard)"),
    "reason": Score("why it failed"),
}
_RANKING = {
    "roc_auc": Score(
        "chance that a positive picture scores above a negative one of its fold; the ranking",
        "Σₖ Σᵢⱼ ([sᵢ > sⱼ] + ½ [sᵢ = sⱼ]) / Σₖ PₖNₖ over folds k, their positives i and negatives j; "
        "scores of different folds are never compared",
        "Hanley & McNeil, Radiology 143 (1982); by fold: Forman & Scholz, SIGKDD Explorations 12 (2010)",
    ),
    "roc_auc_low": Score("lower end of its interval", _INTERVAL, _CLUSTERS),
    "roc_auc_high": Score("upper end", "the same", _CLUSTERS),
    "delta_to_leader": Score("ROC AUC minus the leader's"),
    "p_adjusted": Score(
        "chance of a difference to the leader as large as this if there were none, all pairs of models taken"
        " together; for a baseline, all baselines against the leader",
        "(1 + #{b : max over pairs |Δᵦ - Δ| / se ≥ |Δ| / se}) / (1 + B); se is the deviation of Δ over B",
        _MAX_T,
    ),
    "p_best": Score("share of the resamples that the row wins, ties divided"),
}
_ANSWERS = {
    "log_loss": Score(
        "how much it is surprised by the truth, in nats; down is better", "-mean(y ln p + (1 - y) ln(1 - p))"
    ),
    "brier": Score(
        "mean squared error of the probability; down is better",
        "mean((p - y)²)",
        "Brier, Monthly Weather Review 78 (1950)",
    ),
    "ece": Score(
        "mean gap between stated and observed probability; down is better",
        "Σ over 10 bins of equal width: nₘ/n · |mean p - share of positives|",
        "Naeini et al., AAAI 2015",
    ),
    "accuracy": Score("share of right answers at the threshold", "(TP + TN) / n"),
    "precision": Score("share of alarms that are right; 0 without an alarm", "TP / (TP + FP)"),
    "recall": Score("share of positives that raise the alarm", "TP / (TP + FN)"),
    "f1": Score("harmonic mean of the two", "2 TP / (2 TP + FP + FN)"),
    "threshold": Score("probability from which on the answer is the positive class"),
    "recall_at_p95": Score(
        "most positives that any threshold finds while 95 % of the alarms are right",
        "max recall over thresholds with precision ≥ .95; 0 if there is none",
    ),
    "worst_slice": Score(
        f"part of at least {MIN_IMAGES} pictures with the surest gap to the rest",
        "ratio of cluster sums with linearised errors; p adjusted over all slices",
        "Benjamini & Hochberg, JRSS B 57 (1995)",
    ),
    "loso_auc": Score("ROC AUC on a source that was left out of training; empty where it was not measured"),
    "test_auc": Score("ROC AUC of s on the locked test part, of the leader alone"),
}
_COSTS = {
    "params_m": Score("parameters, millions"),
    "size_mb": Score("model.keras, MB"),
    "input_px": Score("side of the square that it sees, px"),
    "ms_per_image_p50": Score("median milliseconds for one picture at batch 1, decoding not counted"),
    "ms_per_image_p95": Score("95th percentile of the same"),
    "peak_rss_mb": Score("most memory of the training process, MB"),
    "fit_s": Score("seconds from the start of `wreck train` to the finished model"),
    "git_sha": Score("commit of the code"),
    "data_rev": Score("hash of the manifest"),
    "weights_sha256": Score("of the weights that training started from"),
}
SCORES = {**_BOARD, **_RANKING, **_ANSWERS, **_COSTS}
PARTS = {
    "The row": _BOARD,
    "The ranking": _RANKING,
    "Its answers": _ANSWERS,
    "What it costs, and where it comes from": _COSTS,
}


def page() -> str:
    """Give the page of metrics, one table for each kind."""
    parts = []
    for title, scores in PARTS.items():
        rows = [(code(name), score.says, score.formula, score.source) for name, score in scores.items()]
        parts += [f"## {title}", table(["column", "says", "formula or rule", "source"], rows)]
    return markdown.page(
        "Metrics",
        f"The {len(COLUMNS)} columns of `reports/leaderboard.csv`. Every score rests on out-of-fold answers: "
        "a picture is judged by a model that has seen neither it nor its cluster. *s* is the raw "
        "score, *p* the calibrated probability of the positive class, *y* the truth (1 or 0), TP, FP, TN, FN "
        "the four outcomes at the threshold, *B* the resamples of `report.bootstrap`.",
        *parts,
    )
