"""Say what pictures show: files, folders, URLs → one row each. A bad picture is a row with its error."""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any

from wreck_core import files, images
from wreck_core.errors import ImageRejectedError, InputError
from wreck_core.ingest import blocklist
from wreck_core.ingest.outcome import FetchFailedError
from wreck_core.ingest.picture import judge_magic
from wreck_core.ingest.robots import Robots
from wreck_core.ingest.safe_http import Client
from wreck_core.ingest.url_map import UrlMap
from wreck_core.ingest.urls import normalise, redact
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.summary import Summary
from wreck_core.training import runtime
from wreck_core.training.predictor import Picture, Predictor

SUFFIXES = frozenset(f".{extension}" for extension in (*images.EXTENSIONS, *images.EXTENSIONS.values()))


def run(params: Params, layout: Layout, sources: Sequence[str], model: str | None = None) -> Summary:
    """Classify every picture of `sources` with one model, by default the board's leader.

    Raises InputError when there is no model, or the one that was named is none.
    """
    name = model or leader(params, layout)
    if name in params.ensembles:
        raise InputError(
            f"{name} is a mean of rows and has no model of its own",
            where="--model",
            fix=f"use one of {', '.join(params.ensembles[name])}",
        )
    runtime.start(params.train.threads, params.train.seed)
    predictor = Predictor(layout.model(name))
    pictures = (picture for source in sources for picture in _open(source, params, layout))
    rows: list[dict[str, Any]] = []
    while batch := list(islice(pictures, params.train.batch)):
        rows += predictor.classify(name, batch)
    bad = sum(row["error"] is not None for row in rows)
    labels = predictor.card["classes"]
    return Summary(
        f"{len(rows) - bad:,} pictures classified by {name}" + (f", {bad:,} could not be" if bad else ""),
        rows=tuple((label, sum(row["label"] == label for row in rows)) for label in labels),
        ok=not bad,
        data={"rows": rows},
    )


def leader(params: Params, layout: Layout) -> str:
    """Name the model to use: the first of the leaderboard that has one (an ensemble has none).

    Without a leaderboard it is the first trained row of params.yaml.

    Raises InputError when nothing is trained yet.
    """
    board = layout.reports / "leaderboard.json"
    named = [row["backbone"] for row in files.read_json(board)["rows"]] if board.exists() else []
    for name in (*named, *params.backbones):
        if name and (layout.model(name) / "model.json").exists():
            return str(name)
    raise InputError("there is no trained model yet", where=str(layout.models), fix="run `dvc repro`")


def _open(source: str, params: Params, layout: Layout) -> Iterator[Picture]:
    """Give the pictures behind a source: a URL, a file, or all that lie in a folder."""
    if source.startswith(("http://", "https://")):
        yield _fetch(source, params, layout)
        return
    path = Path(source)
    if not path.is_dir():
        yield _read(path)
        return
    inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    if not inside:
        yield Picture(source, error="the folder holds no picture")
    yield from map(_read, inside)


def _fetch(url: str, params: Params, layout: Layout) -> Picture:
    """Fetch as `scrape` does: no private address, nothing taken down, no other file, robots.txt heard."""
    deadline_at = monotonic() + params.scrape.deadline_s
    barred = blocklist.blocklist(blocklist.read(layout.takedowns))
    with Client(params.scrape, UrlMap(()), barred=barred) as client:
        try:
            terms = Robots(client, params.scrape).terms(deadline_at, judge_magic)
            picture = _decode(redact(url), client.get(normalise(url), terms, deadline_at).body)
            if picture.sha256 in barred.sha256s:
                raise FetchFailedError("blocklisted", "is a picture that was taken down")
            return picture
        except (FetchFailedError, ImageRejectedError) as error:
            return Picture(redact(url), error=f"{error.status}: {error.what}")


def _read(path: Path) -> Picture:
    try:
        return _decode(str(path), path.read_bytes())
    except OSError as error:
        return Picture(str(path), error=error.strerror or str(error))


def _decode(name: str, data: bytes) -> Picture:
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        return Picture(name, sha256, images.decode(data))
    except ImageRejectedError as rejected:
        return Picture(name, sha256, error=rejected.what)
