"""One reviewable commit of the files that the project owns."""

from collections.abc import Sequence

from wreck_core import dvcio, gitio
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import diff


def changes(settings: Params, layout: Layout) -> diff.Diff:
    """Compare the dataset with that of the last commit on the branch that the next one goes to."""
    return diff.since(layout, gitio.tip(layout.root, settings.nightly.branch))


def commit(settings: Params, layout: Layout, subject: str, lines: Sequence[str]) -> str | None:
    """Commit what changed of the owned files.

    Owned are the files that DVC leaves to git (dvc.lock, *.dvc, metrics) and the labels. Returns
    the commit, or None when nothing changed.
    """
    by_hand = [layout.labels, layout.decisions, layout.takedowns, layout.scrape_json, layout.previous_report]
    owned = [*dvcio.files_in_git(layout.root), *map(layout.relative, by_hand)]
    message = "\n".join([subject, "", *lines]).strip() + "\n"
    return gitio.publish(layout.root, owned, message, branch=settings.nightly.branch)


def push(settings: Params, layout: Layout) -> None:
    """Send data and commits to their remotes, where there are any and `nightly.push` allows it.

    The data goes first: a commit whose data cannot be had is of no use. Commits that an earlier night could
    not send go now too; of their data only what is still in use today (`dvc push --all-commits` sends all).
    Raises WreckError when a remote does not take it.
    """
    if settings.nightly.push:
        dvcio.push(layout.root)
        gitio.push(layout.root, settings.nightly.branch)
