"""What is said about each picture: by its label, or by the lists that name it."""

from collections.abc import Sequence

import pandas as pd

# Labels by sha256. Two or more contradict each other; pictures of which nothing is known are left out.
Claims = dict[str, frozenset[str]]


def collect(candidates: pd.DataFrame, labels: pd.DataFrame, classes: Sequence[str]) -> Claims:
    """Gather what contradicts what: `labels` (sha256, label, flags) before the lists' `list_label`.

    A label that trains claims itself; one flagged as a conflict claims every class; `unsure` and
    `reject` claim nothing. Only pictures without any label are judged by their lists, and only when
    the lists contradict each other: a list's word alone is no label until it is imported.
    """
    listed = candidates.dropna(subset="list_label").groupby("sha256").list_label.agg(frozenset)
    claims: Claims = {str(sha): words for sha, words in listed.items() if len(words) > 1}
    for sha, label, flags in zip(labels.sha256, labels.label, labels["flags"], strict=True):
        claims[sha] = frozenset(classes) if "conflict" in flags else frozenset({label} & set(classes))
    return claims
