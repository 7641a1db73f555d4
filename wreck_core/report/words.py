"""The sentences of the report, each computed from the rows it speaks about."""

import re
from collections.abc import Sequence
from typing import Any

from wreck_core.report.board import Board, Row
from wreck_core.summary import count

# C0 and C1 controls, zero-width and bidirectional marks: they hide or reorder text.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)

SIGNS = {"kappa": "\N{GREEK SMALL LETTER KAPPA}", "alpha": "\N{GREEK SMALL LETTER ALPHA}"}
MINUS = "\N{MINUS SIGN}"
FIRST = "This is the first report: nothing to compare with."
INCOMPARABLE = (
    "The report before this one is of another version, or of another positive class: nothing to compare with."
)


def visible(text: str, limit: int = 300) -> str:
    """Give untrusted text without invisible or reordering characters, at most `limit` long."""
    clean = _INVISIBLE.sub(" ", text)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def markdown(text: str) -> str:
    """Make text from outside plain in Markdown, in a table too: no markup, no bars, no line breaks."""
    plain = visible(text).replace("&", "&amp;").replace("<", "&lt;")
    for mark in "\\`*_[]|":
        plain = plain.replace(mark, f"\\{mark}")
    return plain


def number(value: float, digits: int = 3) -> str:
    """Print a share or score without its leading zero, as statistics are printed: .953, 1.000, −.012."""
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        return f"{0:.{digits}f}"[1:]
    return re.sub(r"^(-?)0\.", r"\1.", text).replace("-", MINUS)


def listed(names: Sequence[str]) -> str:
    """Join names as a sentence does."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def interval(low: float, high: float) -> str:
    """Print an interval."""
    return f"[{number(low)}, {number(high)}]"


def verdict(board: Board, alpha: float) -> dict[str, Any]:
    """Say what the board proves: the sentence on top, its kind, and what else a reader must know."""
    ok = [row for row in board.rows if row["status"] == "ok"]
    tied = [row for row in ok if row["tie_group"] == 1]
    failed = [row["backbone"] for row in board.rows if row["status"] == "failed" and row["recipe"] is None]
    if not ok:
        kind, sentence = "none", "No backbone could be trained; each row says why."
    elif len(ok) == 1:
        kind, sentence = (
            "single",
            f"Only {ok[0]['backbone']} was trained; there is nothing to compare it with.",
        )
    elif len(tied) == 1:
        kind = "leader"
        sentence = f"{board.leader} is best: every other model is measurably worse."
    else:
        kind = "tie"
        crowd = "Both models" if len(ok) == 2 else count(len(tied), "model")
        sentence = f"{crowd} tie; recommended: {_why(board.recommended, tied)}."
    cautions = _cautions(board, alpha)
    if failed and ok:
        who = listed(failed) if len(failed) <= 3 else f"{len(failed)} of {len(failed) + len(ok)} backbones"
        cautions.append(f"{who} failed and {'is' if len(failed) == 1 else 'are'} not compared.")
    return {
        "kind": kind,
        "sentence": sentence,
        "leader": board.leader,
        "recommended": board.recommended,
        "tied": [row["backbone"] for row in tied],
        "cautions": cautions,
    }


def _why(recommended: str | None, tied: list[Row]) -> str:
    timed = [row for row in tied if row["ms_per_image_p50"] is not None]
    if not timed:
        return str(recommended)
    fastest = min(timed, key=lambda row: float(row["ms_per_image_p50"]))["backbone"]
    return f"{recommended}, the fastest of them{'' if recommended == fastest else ' that beats chance'}"


def _cautions(board: Board, alpha: float) -> list[str]:
    shortcuts = [
        row["backbone"]
        for row in board.rows
        if row["status"] == "baseline" and board.leader and row["p_adjusted"] >= alpha
    ]
    if not shortcuts:
        return []
    return [
        f"The leader is not measurably better than {listed(shortcuts)}: "
        "do not trust that it looks at what it should."
    ]


def ranking(board: Board, images: int) -> str:
    """Answer who is really better."""
    if board.comparison is None:
        return "Nothing was trained, so there is nothing to rank; the baselines show what no model must beat."
    ok = [row for row in board.rows if row["status"] == "ok"]
    best = next(row for row in ok if row["backbone"] == board.leader)
    text = f"{best['backbone']} scores {number(best['roc_auc'])} "
    text += interval(best["roc_auc_low"], best["roc_auc_high"])
    if len(ok) == 1:
        return f"{text} on {count(images, 'picture')}."
    margin = (ok[1]["delta_high"] - ok[1]["delta_low"]) / 2
    return f"{text}; on {count(images, 'picture')} a lead of less than about {number(margin)} proves nothing."


def shortcut(board: Board, positive: str) -> str:
    """Say how far the best baseline comes."""
    known = [row for row in board.rows if row["status"] == "baseline"]
    best = max(known, key=lambda row: float(row["roc_auc"]))
    return (
        f"Without knowing what {positive} looks like, {best['backbone']} already scores "
        f"{number(best['roc_auc'])}."
    )


def errors(row: Row) -> str:
    """Answer which mistakes are made."""
    counts = row["confusion"]
    missed, alarms = counts["false_negative"], counts["false_positive"]
    total = sum(counts.values())
    return (
        f"{row['backbone']} is wrong on {missed + alarms:,} of {count(total, 'picture')}: "
        f"{missed:,} missed and {count(alarms, 'false alarm')}."
    )


def calibration(rows: list[Row]) -> str:
    """Answer whether the probabilities can be believed."""
    best = min(rows, key=lambda row: float(row["ece"]))
    worst = max(rows, key=lambda row: float(row["ece"]))
    if best is worst:
        return f"{best['backbone']} is off by {number(best['ece'])} on average."
    return (
        f"{best['backbone']} is off by {number(best['ece'])} on average, "
        f"{worst['backbone']} by {number(worst['ece'])}."
    )


def finds(row: Row, positive: str) -> str:
    """Answer how many false alarms buy how many finds, at the stored threshold."""
    counts = row["confusion"]
    negatives = counts["false_positive"] + counts["true_negative"]
    return (
        f"At its threshold {row['backbone']} finds {100 * row['recall']:.0f} % of {positive} "
        f"and cries wolf on {100 * counts['false_positive'] / negatives:.0f} % of all others."
    )


def precision(rows: list[Row], positive: str) -> str:
    """Answer what it takes that alarms are right."""
    best = max(rows, key=lambda row: float(row["recall_at_p95"]))
    if best["recall_at_p95"] == 0:
        return "No model reaches 95 % precision at any threshold."
    return (
        f"If 95 % of alarms must be right, {best['backbone']} still finds "
        f"{100 * best['recall_at_p95']:.0f} % of {positive}."
    )


def speed(rows: list[Row]) -> str:
    """Answer what a better model costs in time."""
    timed = [row for row in rows if row["ms_per_image_p50"] is not None]
    fast = min(timed, key=lambda row: float(row["ms_per_image_p50"]))
    slow = max(timed, key=lambda row: float(row["ms_per_image_p50"]))
    if fast is slow:
        return f"{fast['backbone']} takes {fast['ms_per_image_p50']:.1f} ms a picture."
    return (
        f"{fast['backbone']} takes {fast['ms_per_image_p50']:.1f} ms a picture, "
        f"{slow['backbone']} {slow['ms_per_image_p50'] / fast['ms_per_image_p50']:.1f} times as long."
    )


def slices(row: Row, judged: list[Row]) -> str:
    """Answer where the leader errs more than elsewhere."""
    if not judged:
        return "There are too few pictures to look at parts of them."
    worst = row["worst_slice"]
    if worst is None:
        return f"Nowhere that can be proven, among {count(len(judged), 'part')} of the pictures."
    pictures = count(worst["images"], "picture")
    return (
        f"On {worst['slice']} it is right on {number(worst['accuracy'])} of {pictures}, "
        f"{number(worst['gap'])} against the rest; proven among {count(len(judged), 'part')}."
    )


def agreement(measured: Sequence[Row]) -> str:
    """Say how far annotators agree beyond chance; the first entry is all together."""
    if not measured:
        return "No picture is labelled by two: whether people would agree is not known."
    first = measured[0]
    many = count(len(first["annotators"]), "annotator")
    pictures = count(first["n"], "shared picture")
    if first["low"] is None:
        return f"{many} gave one label to all of {pictures}, which says nothing of agreement."
    value = f"{SIGNS[first['coefficient']]} {number(first['value'], 2)}"
    return f"On {pictures} {many} agree beyond chance: {value} {interval(first['low'], first['high'])}."


def changes(changed: dict[str, Any] | None, why_not: str = FIRST) -> str:
    """Answer what changed since the report that was kept, or `why_not`."""
    if changed is None:
        return why_not
    counts = changed["pictures"]
    moved = [f"{counts[key]:,} {key}" for key in ("new", "gone", "relabelled") if counts[key]]
    pictures = listed(moved) if moved else "none new"
    proven = [
        f"{row['backbone']} {'rose' if row['shift']['delta'] > 0 else 'fell'} by {_shift(row['shift'])}"
        for row in changed["rows"]
        if row["shift"] and not row["shift"]["delta_low"] <= 0 <= row["shift"]["delta_high"]
    ]
    told = listed(proven) if proven else "no row is proven to have moved"
    return f"Pictures: {pictures}. On the {counts['common']:,} that both reports judged, {told}."


def leader_change(changed: dict[str, Any] | None) -> str:
    """Compare today's leader with the one before."""
    if changed is None or changed["leader"]["shift"] is None:
        return "no earlier leader to compare with"
    leader = changed["leader"]
    return f"{leader['now']} against {leader['before']} before: {_shift(leader['shift'])}"


def _shift(shift: Row) -> str:
    return f"{number(shift['delta'])} {interval(shift['delta_low'], shift['delta_high'])}"
