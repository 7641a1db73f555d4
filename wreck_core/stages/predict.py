"""Say what pictures show: files, folders, URLs → one row each. A bad picture is a row with its error."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from wreck_core import devices, files, images
from wreck_core.errors import InputError
from wreck_core.inference.ahead import in_order
from wreck_core.inference.predictor import Note, Picture, Predictor, say_nothing, trained
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages.sources import Open, Sources
from wreck_core.summary import Summary, count

READERS = 8  # threads that read, fetch, decode and ask; more where more pictures are answered at once

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
    Sources that are no sequence may come as slowly as they like: each is answered at once.
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
    usual: Counter[bool | None] = Counter()

    def tell(answered: tuple[Picture, Row]) -> None:
        picture, row = answered
        draw(picture)
        told.row(row)
        labels[row["label"]] += 1
        usual[row["in_distribution"]] += 1

    with Sources(params, layout) as door:
        opened = (open_ for source in sources for open_ in door.find(source))
        # Nobody waits for the second picture of a stream to answer the first.
        first = list(islice(opened, 2)) if isinstance(sources, Sequence) else []
        at_once = 1 if len(first) == 1 else devices.cores()  # a picture that comes alone has all cores
        predictor = Predictor(name, models, layout.litert, at_once, told.note)
        work = partial(_answer, predictor, keep_image=explain is not None)
        in_order(work, tell, chain(first, opened), max(READERS, predictor.at_once))
    bad, strange = labels.pop(None, 0), usual[False]
    notes = [f"{strange:,} are unlike the pictures that {name} learned from"] if strange else []
    return Summary(
        f"{count(labels.total(), 'picture')} classified by {name}"
        + (f", {bad:,} could not be" if bad else ""),
        rows=tuple((label, labels[label]) for label in predictor.classes),
        notes=(*notes, *([f"the heat maps lie in {explain}"] if explain else [])),
        ok=not bad,
        data={"rows": rows},
    )


def _answer(predictor: Predictor, open_: Open, *, keep_image: bool) -> tuple[Picture, Row]:
    picture = open_()
    row = predictor.classify(picture)
    return picture if keep_image else replace(picture, image=None), row


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
