"""One reviewable commit of the files that the project owns."""

from collections.abc import Sequence

from wreck_core import dvcio, gitio
from wreck_core.layout import Layout
from wreck_core.params import Params


def commit(settings: Params, layout: Layout, subject: str, lines: Sequence[str]) -> str | None:
    """Commit what changed of the owned files, and push it when `nightly.push` says so.

    Owned are the files that DVC leaves to git (dvc.lock, *.dvc, metrics) and the labels. Returns
    the commit, or None when nothing changed.
    """
    by_hand = [layout.labels, layout.decisions, layout.takedowns, layout.scrape_json, layout.previous_report]
    owned = [*dvcio.files_in_git(layout.root), *map(layout.relative, by_hand)]
    message = "\n".join([subject, "", *lines]).strip() + "\n"
    sha = gitio.publish(layout.root, owned, message, branch=settings.nightly.branch)
    if sha and settings.nightly.push:
        dvcio.push(layout.root)
        gitio.push(layout.root, settings.nightly.branch)
    return sha
