"""The label stage: the window over the queue; its labels are exported when it closes."""

import hashlib
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from wreck_core import images
from wreck_core.errors import UsageError
from wreck_core.labeling import rebuild
from wreck_core.labeling.question import check_name
from wreck_core.labeling.schema import PRIMARY, ROUNDS
from wreck_core.labeling.session import LabelSession, Picture
from wreck_core.labeling.store import Store
from wreck_core.labeling.window import Cv2Window
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import labels
from wreck_core.stages.catalogue import Catalogue, hints
from wreck_core.summary import Summary, count


def run(params: Params, layout: Layout, annotator: str, round_name: str) -> Summary:
    """Open the window for `annotator` and write labels.csv when it is closed.

    Raises UsageError for a name that is none, InputError before anything was scraped, WreckError where there
    is no display.
    """
    check_name(annotator)
    with open_store(params, layout, round_name) as store:
        session = LabelSession(store, Catalogue(layout), annotator, round_name, params.labels)
        try:
            Cv2Window(session).run()
        finally:
            session.close()
            summary = labels.export_labels(params, layout)
    return replace(summary, headline=f"{count(session.given, 'label')} given; {summary.headline}")


def open_store(params: Params, layout: Layout, round_name: str) -> Store:
    """Open the label store, with what the leading model says of the round's pictures.

    Raises UsageError when there is no such round.
    """
    if round_name not in ROUNDS:
        raise UsageError(f"--round {round_name}: there is no such round", fix=f"take {', '.join(ROUNDS)}")
    store = rebuild.open_store(layout)
    if round_name != PRIMARY:  # there a word about labelled pictures alone would tell the repeats
        store.suggest(round_name, hints(params.labels, layout))
    return store


def self_test(params: Params) -> Summary:
    """Open the window over a picture of its own, paint it, and close it again.

    Raises WreckError where there is no display, or the window does not come up.
    """
    with TemporaryDirectory() as folder, Store(Path(folder) / "labels.db") as store:
        picture = Path(folder) / "picture.png"
        shades = np.linspace(40, 200, 640, dtype=np.uint8)
        picture.write_bytes(images.encode(np.repeat(np.tile(shades, (420, 1))[:, :, None], 3, 2), "png"))
        sha256 = hashlib.sha256(picture.read_bytes()).hexdigest()
        store.enqueue([(sha256, 0.0)], PRIMARY, "self-test")
        session = LabelSession(store, {sha256: Picture(picture)}, "self-test", PRIMARY, params.labels)
        width, height = Cv2Window(session).rehearse()
    return Summary(f"the window opened, was painted ({width} x {height} pixels) and closed")
