"""Labelled pictures wait once more: for a blind second label, for an audit, or as known answers."""

from wreck_core.errors import UsageError
from wreck_core.labeling import rebuild, rounds
from wreck_core.labeling.schema import AUDIT, PRIMARY, SECOND
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages.enqueue import known
from wreck_core.summary import Summary

GOLD = "gold"  # no round of its own: known answers are mixed into the first


def run(params: Params, layout: Layout, round_name: str, share: float | None = None) -> Summary:
    """Queue labelled pictures for another look: a share of them, that of params by default.

    `second`: by somebody else than the first. `audit`: by anybody. `gold`: known answers, mixed into
    the first round as a share of what waits there. Raises UsageError for another round.
    """
    settings = params.enqueue
    shares = {SECOND: settings.second_share, AUDIT: settings.audit_share, GOLD: settings.repeat_share}
    if round_name not in shares:
        raise UsageError(f"--round {round_name}: there is no such round", fix=f"take {', '.join(shares)}")
    part = shares[round_name] if share is None else share
    with rebuild.open_store(layout) as store:
        final = known(layout, store).final
        if round_name == GOLD:
            added = rounds.mix_in(store, final, part, settings.seed)
        else:
            added = rounds.again(store, final, round_name, part, settings.seed)
        counts = store.counts(PRIMARY if round_name == GOLD else round_name)
    where = "" if round_name == GOLD else f" --round {round_name}"
    return Summary(
        headline=f"{added:,} of {len(final):,} labelled pictures wait once more: run `wreck label{where}`",
        rows=(("known answers", len(rounds.settled(final))), *counts.items()),
        data={"added": added, "counts": counts},
    )
