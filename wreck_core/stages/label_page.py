"""The labelling page's stage: a server over the queue; its labels are exported meanwhile and at the end."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from wreck_core.labeling.room import Room
from wreck_core.labeling.web import LabelServer
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import labels
from wreck_core.stages.catalogue import Catalogue
from wreck_core.stages.label import open_store
from wreck_core.summary import Summary, count


def run(
    params: Params,
    layout: Layout,
    round_name: str,
    address: tuple[str, int],
    announce: Callable[[str], None],
) -> Summary:
    """Serve the page at (host, port) until Ctrl-C; labels.csv is written meanwhile and at the end.

    `announce` is told the link, and what goes wrong. Raises InputError before anything was scraped,
    or when the address cannot be had.
    """
    export = partial(labels.export_labels, params, layout)
    with open_store(params, layout, round_name) as store:
        room = Room(store, partial(Catalogue, layout), round_name, params.labels)
        with LabelServer(room, address) as server, suppress(KeyboardInterrupt):  # the way to end it
            server.serve(export, announce)
    summary = export()
    return replace(summary, headline=f"{count(room.given, 'label')} given; {summary.headline}")
