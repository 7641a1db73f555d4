"""Say what pictures show: files, folders, URLs → one row each. A bad picture is a row with its error."""

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from wreck_core import files, images
from wreck_core.errors import InputError
from wreck_core.inference.predictor import Note, Picture, Predictor, say_nothing, trained
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages.sources import Open, Sources
from wreck_core.summary import Summary, count

CORES = os.cpu_count() or 1
READERS = max(8, CORES)  # threads that read, fetch, decode and ask, or more where a batch takes more
AHEAD = 4 * READERS  # pictures under way

Found = TypeVar("Found")
Row = dict[str, Any]


class Told(NamedTuple):
    """What is told while pictures are classified: each row as soon as it is known, and why nothing comes."""

    row: Callable[[Row], None]
    note: Note = say_nothing


def run(
    params: Params,
    layout: Layout,
    sources: Iterable[str],
    model: str | None = None,
    *,
    explain: Path | None = None,
    told: Told | None = None,
) -> Summary:
    """Classify every picture of `sources` by one row of the board, also by an ensemble that `model` names.

    By default it is the row of `usable`. With `explain`, a heat map of each picture is left in that folder.
    The rows are given to `told` one by one, or else are in the summary. Raises InputError when there is no
    model, or the row that was named, or a member of it, has none.
    """
    rows: list[Row] = []
    told = told or Told(rows.append)
    name = model or usable(params, layout)
    models = [trained(layout.model(member)) for member in params.ensembles.get(name, [name])]
    # First, because it fixes TensorFlow's threads, and converting a model already uses TensorFlow.
    draw = _heat_maps(params, models, explain) if explain else _no_heat_map
    labels: Counter[str | None] = Counter()
    strange = 0
    with Sources(params, layout) as door:
        opened = (open_ for source in sources for open_ in door.find(source))
        first = list(islice(opened, 2))
        at_once = CORES if len(first) == 2 else 1  # a picture that comes alone has all cores
        predictor = Predictor(name, models, layout.litert, at_once, told.note)
        readers = max(READERS, predictor.at_once)
        for picture, row in _in_order(partial(_answer, predictor), chain(first, opened), readers):
            draw(picture)
            told.row(row)
            labels[row["label"]] += 1
            strange += row["in_distribution"] is False
    bad = labels.pop(None, 0)
    notes = [f"{strange:,} are unlike the pictures that {name} learned from"] if strange else []
    return Summary(
        f"{count(labels.total(), 'picture')} classified by {name}"
        + (f", {bad:,} could not be" if bad else ""),
        rows=tuple((label, labels[label]) for label in predictor.classes),
        notes=(*notes, *([f"the heat maps lie in {explain}"] if explain else [])),
        ok=not bad,
        data={"rows": rows},
    )


def _answer(predictor: Predictor, open_: Open) -> tuple[Picture, Row]:
    picture = open_()
    return picture, predictor.classify(picture)


def _in_order(work: Callable[[Open], Found], items: Iterable[Open], readers: int) -> Iterator[Found]:
    """Work on items in threads, a few ahead of the one that is wanted; give the results in order."""
    with ThreadPoolExecutor(readers) as pool:
        ahead: deque[Future[Found]] = deque()
        for item in items:
            ahead.append(pool.submit(work, item))
            while ahead and (len(ahead) == AHEAD or ahead[0].done()):
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _heat_maps(params: Params, models: Sequence[Path], folder: Path) -> Callable[[Picture], None]:
    from wreck_core.inference import explain  # they import TensorFlow
    from wreck_core.training import runtime

    runtime.start(params.train.threads, params.train.seed)
    explainers = [explain.Explainer(model) for model in models]

    def draw(picture: Picture) -> None:
        if picture.image is not None:
            heat = explain.mean([explainer.heat(picture.image) for explainer in explainers])
            drawn = explain.overlay(picture.image, heat)
            files.write_bytes(folder / picture.plain_name(".png"), images.encode(drawn, "png"))

    return draw


def _no_heat_map(picture: Picture) -> None:
    """Draw nothing."""


def usable(params: Params, layout: Layout) -> str:
    """Name the row to use: the first of the leaderboard that has a model of its own, so no ensemble.

    Without a leaderboard it is the first trained row of params.yaml.

    Raises InputError when nothing is trained yet.
    """
    board = layout.leaderboard_json
    named = [row["backbone"] for row in files.read_json(board)["rows"]] if board.exists() else []
    for name in (*named, *params.backbones):
        if name and (layout.model(name) / "model.json").exists():
            return str(name)
    raise InputError("there is no trained model yet", where=str(layout.models), fix="run `dvc repro`")
