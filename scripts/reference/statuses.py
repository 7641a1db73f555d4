"""The closed sets of words in files and tables, and the exit codes."""

from collections.abc import Iterator

from scripts.reference import markdown
from scripts.reference.markdown import code, plain, table
from wreck_core import errors
from wreck_core.cli import INTERRUPTED
from wreck_core.ingest.outcome import STATUSES
from wreck_core.labeling.schema import ROUNDS

LAYERS = {
    "bytes": "the same bytes under another URL",
    "pixels": "other bytes, the same pixels",
    "full": "near-duplicate: the perceptual hashes of the whole frames are close",
    "square": "near-duplicate: those of the centre squares are close, as after a crop of the sides",
    "mirror": "near-duplicate of the mirrored picture; for review only",
    "crop": "a part of the other picture; for review only, with dedup.crops",
}
FATES = {
    "drop": "left out; the survivor stands for it",
    "review": "a person should look: `wreck dedup --review`",
    "conflict": "labels contradict each other (column `conflict`); none trains until it is settled",
    "keep": "a person said that it is not the same: data/decisions.csv",
}
ROUND_WORDS = {
    "primary": "the first label of a picture, with repeats of known answer mixed in",
    "second": "a blind second label, by somebody else",
    "adjudicate": "contradictions and doubts are settled; the last word",
    "audit": "final labels are looked at again",
}
ROWS = {
    "ok": "trained; ranked by its out-of-fold answers",
    "baseline": "what can be had without looking at the object; never ranked",
    "failed": "could not be trained; `reason` says why",
}
OUTCOMES = {
    "ran": "its inputs had changed",
    "restored": "its inputs had changed to some seen before; DVC's cache gave the result back",
    "skipped": "nothing had changed",
    "failed": "it ended with an error; the log says more",
    "blocked": "a stage before it failed",
}


def exit_codes() -> Iterator[tuple[int, str]]:
    """Yield every exit code with its meanings."""
    said = {
        0: ["It is done. `wreck scrape`: also when some URLs were bad."],
        1: ["It failed: some backbone, picture or gate, or nothing could be fetched."],
        INTERRUPTED: ["Interrupted; the same command goes on where it stopped."],
    }
    tree = [error for error in errors.WreckError.__subclasses__() if error.__module__ == errors.__name__]
    for error in tree:
        if error is not errors.ImageRejectedError:  # a row, never the end of a command
            said.setdefault(error.exit_code, []).append((error.__doc__ or "").splitlines()[0])
    for number in sorted(said):
        yield number, " ".join(said[number])


def page() -> str:
    """Give the page of statuses and exit codes."""
    retried = ", ".join(code(word) for word in ("408", "425", "429", "http_5xx"))
    return markdown.page(
        "Statuses and exit codes",
        "## How a URL ends",
        "One status for each URL; they add up to the URLs of the lists. `wreck scrape LIST --retry "
        "dns,http_5xx` fetches again by status. While fetching, only "
        f"{retried}, time-outs and broken connections are retried.",
        _table("status", STATUSES),
        "## How two pictures are the same",
        "The column `transform` of [duplicates.parquet](files.md#dataduplicatesparquet), the surest first:",
        _table("transform", LAYERS),
        "What becomes of the pair, in its column `decision`:",
        _table("decision", FATES),
        "## Rounds of labelling",
        _table("round", {name: ROUND_WORDS[name] for name in ROUNDS}),
        "## Rows of the leaderboard",
        _table("status", ROWS),
        "## Stages of a flow",
        _table("outcome", OUTCOMES),
        "## Exit codes",
        "Of `wreck` and of `python -m flows`. An error is one message on stderr: what, where, what to do.",
        _table("code", dict(exit_codes())),
    )


def _table(name: str, words: dict[str, str] | dict[int, str]) -> str:
    return table([name, "meaning"], [(code(word), plain(meaning)) for word, meaning in words.items()])
