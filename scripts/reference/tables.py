"""The files of a workspace, and the columns of those that others read."""

from dataclasses import fields

from scripts.reference import markdown
from scripts.reference.markdown import code, table
from wreck_core.dataset import folds, labels, manifest
from wreck_core.dedup import decisions, duplicates
from wreck_core.ingest import candidates
from wreck_core.ingest.blocklist import Tombstone

# Who owns it: git, DVC (its .dvc file or dvc.lock is in git), or nobody: live state of this workspace.
FILES = {
    "params.yaml": ("git", "every number that changes a result: [parameters](parameters.md)"),
    "dvc.yaml": ("git", "what is stale, and how it is made again"),
    "data/urls/": ("git", "URL lists: txt, csv, tsv, jsonl or parquet"),
    "data/images": ("DVC", "the store: `ab/<sha256>.<extension>`, only ever added to"),
    "data/candidates.parquet": ("DVC", "one row for each URL with a picture"),
    "data/scrape.json": ("git", "how many URLs ended how; hosts, lists and placeholders"),
    "data/duplicates.parquet": ("DVC", "pictures that are the same as another"),
    "data/dedup.json": ("git", "how many of them; a DVC metric"),
    "data/decisions.csv": ("git", "what people said of pairs"),
    "data/labels.csv": ("git", "the final label of each picture that somebody judged"),
    "data/label_events.jsonl": ("DVC", "everything that was ever said, one event a line, only ever added to"),
    "data/manifest.parquet": ("DVC", "the pictures that train"),
    "data/folds.csv": ("git", "the fold of each picture, kept for ever"),
    "data/dataset.json": ("git", "the funnel from URLs to pictures that train; a DVC metric"),
    "data/takedown.csv": ("git", "what was taken down: hashes and host names alone"),
    "models/<row>/model.keras": (
        "DVC",
        "the model: RGB uint8 in, preprocessing inside, a probability for each class out",
    ),
    "models/<row>/model.json": (
        "DVC",
        "what to know of it: classes, threshold, input, scores, its origin",
    ),
    "models/<row>/model_card.md": ("DVC", "the same as a page to read, with its limits"),
    "models/<row>/oof.parquet": (
        "DVC",
        "its out-of-fold predictions: the only source of every number of the report",
    ),
    "models/<row>/golden.json": ("DVC", "five pictures with their answers, checked after each export"),
    "models/<row>/in_distribution.npz": ("DVC", "what the pictures that it learned from look like to it"),
    "models/<row>/metrics.json": ("git", "scores, costs, versions and input fingerprint; a DVC metric"),
    "models/<row>/history.csv": ("DVC", "what was tried: by epoch, or by regularisation; a DVC plot"),
    "reports/leaderboard.html": ("DVC", "the page"),
    "reports/leaderboard.md": ("git", "the verdict and the board, to read in git"),
    "reports/leaderboard.csv": ("git", "the board with [all columns](metrics.md)"),
    "reports/leaderboard.json": ("git", "the board in short; a DVC metric"),
    "reports/leaderboard_seed.csv": ("git", "the columns of the seed notebook's table, under its names"),
    "reports/pairwise.csv": ("git", "every two rows: difference, interval, adjusted p"),
    "reports/slices.csv": ("git", "accuracy of each row on parts of the pictures"),
    "reports/errors.csv": ("DVC", "every picture that the leader gets wrong"),
    "reports/junit.xml": ("git", "the gates, as build servers read them"),
    "reports/report.json": ("DVC", "all that the page is drawn from"),
    "reports/previous.json": ("git", "the report that the next one is compared with"),
    "exports/": ("nobody", "models for other runtimes: `wreck export`"),
    "data/ledger.db": ("nobody", "one row for each URL that was ever asked for: what makes a scrape go on"),
    "data/labels.db": ("nobody", "queue and label events; made again from labels.csv and label_events.jsonl"),
    ".wreck/": ("nobody", "features, checkpoints, converted models, logs, locks, Prefect's home"),
}

_PICTURE = "SHA-256 of the picture's bytes: its name everywhere"
_BOX = {
    "x": "left edge of the crop box, in parts of the upright picture's width; empty: the whole picture",
    "y": "its upper edge, in parts of the height",
    "w": "its width, in parts",
    "h": "its height, in parts",
}
_SELECTION = "how it came to be labelled: `list`, or the order of the queue"

COLUMNS: dict[str, tuple[list[str], dict[str, str]]] = {
    "data/candidates.parquet": (
        candidates.SCHEMA.names,
        {
            "sha256": _PICTURE,
            "path": "file in the workspace",
            "url": "where it was asked for, secrets replaced by `REDACTED`",
            "url_id": "hash of the whole URL, secrets and all",
            "final_url": "where it was found, after redirects",
            "host": "of the URL",
            "source": "the list's column `source`, else the host",
            "list": "URL list that named it first",
            "line": "line of that list",
            "list_label": "what the list calls it",
            "fetched_at": "first success, ISO 8601 in UTC",
            "bytes": "size of the file",
            "format": "jpeg, png, webp, gif or bmp, by its content",
            "width": "px, upright",
            "height": "px, upright",
            "brightness": "mean of the grey values, 0 to 255",
            "sharpness": "variance of the Laplacian of the grey values",
            "phash": "256-bit perceptual hash of the whole frame, 32 bytes",
            "phash_square": "256-bit perceptual hash of the centre square, 32 bytes",
            "hash_version": "of both hashes",
            "license": "the list's column `license`",
        },
    ),
    "data/duplicates.parquet": (
        duplicates.COLUMNS,
        {
            "sha256": _PICTURE,
            "url_id": "of the URL, where the bytes are the same under several",
            "survivor_sha256": "the picture that stands for it",
            "distance": "bits of 256 by which the hashes differ",
            "transform": "[how they are the same](statuses.md#how-two-pictures-are-the-same)",
            "decision": "drop, review or keep",
            "conflict": "whether labels within the cluster contradict each other",
        },
    ),
    "data/decisions.csv": (
        decisions.COLUMNS,
        {
            "sha256_a": "one picture",
            "sha256_b": "the other",
            "same": "whether they show the same",
            "annotator": "who says so",
            "at": "when, ISO 8601 in UTC",
        },
    ),
    "data/labels.csv": (
        labels.COLUMNS,
        {
            "sha256": _PICTURE,
            "label": "a class of params.yaml, `unsure` or `reject`; the last two never train",
            "annotator": "whose labels won, joined by `+`; `list:<name>` for an imported list",
            "round": "in which [round](statuses.md#rounds-of-labelling)",
            "n_votes": "labels that counted",
            "agreement": "the winner's share of them",
            **_BOX,
            "flags": "remarks, with spaces between; `conflict`: the votes are split",
            "labeled_at": "ISO 8601 in UTC",
            "selection": _SELECTION,
        },
    ),
    "data/manifest.parquet": (
        manifest.COLUMNS,
        {
            "sha256": _PICTURE,
            "path": "file in the workspace",
            "label": "a class of params.yaml",
            "cluster": "pictures of one cluster are linked, directly or not, and share a fold",
            "source": "the first that a list names, else the first host",
            "selection": _SELECTION,
            "fold": "0 and up; -1 in the test part",
            "split": "`fold`, or `test`: locked away for the winner",
            **_BOX,
            "license": "all that lists name",
        },
    ),
    "data/folds.csv": (
        folds.COLUMNS,
        {
            "sha256": _PICTURE,
            "cluster": "its cluster now",
            "fold": "kept for ever",
            "split": "`fold` or `test`",
        },
    ),
    "data/takedown.csv": (
        [field.name for field in fields(Tombstone)],
        {
            "sha256": "of the picture, if known",
            "url_id": "of the URL, if known",
            "host": "if a whole host was taken down",
            "at": "when, ISO 8601 in UTC",
            "reason": "as told",
        },
    ),
}


def page() -> str:
    """Give the page of files and columns."""
    parts = []
    for name, (columns, meaning) in COLUMNS.items():
        parts += [f"## {name}", table(["column", "meaning"], [(code(one), meaning[one]) for one in columns])]
    return markdown.page(
        "Files and columns",
        "The repository is the workspace. Its files are versioned by git, by DVC (then what is in git is a "
        "hash), or by nobody: live state, which can be made again.",
        table(
            ["file", "versioned by", "what it holds"], [(code(name), *told) for name, told in FILES.items()]
        ),
        *parts,
        "## A row of `wreck predict`",
        table(["column", "meaning"], [(code(name), meaning) for name, meaning in PREDICTION.items()]),
    )


PREDICTION = {
    "path": "file or URL as it was named",
    "sha256": _PICTURE,
    "label": "the positive class from the threshold on, else the likeliest of the others",
    "p_<positive>": "calibrated probability of the positive class",
    "threshold": "stored with the model; 0.5 for an ensemble, as on the board",
    "margin": "probability minus threshold",
    "in_distribution": "whether it is like the pictures that the model, or each member, learned from",
    "model": "row of the board",
    "ms": "milliseconds of all members; neither decoding nor waiting counts, but its batch on a GPU",
    "error": "why there is no answer",
}
