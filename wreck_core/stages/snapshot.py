"""Version the data that no stage can make again: pictures, candidates, label events."""

from wreck_core import dvcio
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.summary import Summary


def run(params: Params, layout: Layout) -> Summary:
    """Record in DVC what changed of the store; `data/*.dvc` are then for git. Without DVC do nothing.

    Raises InputError when the store holds a symbolic link.
    """
    if not (layout.root / ".dvc").is_dir():
        return Summary("not versioned: this folder is no DVC repository")
    changed = dvcio.snapshot(layout.root, [layout.images, layout.candidates, layout.label_events])
    what = ", ".join(changed)
    return Summary(
        headline=f"versioned: {what}" if changed else "nothing new to version",
        data={"changed": changed},
    )
