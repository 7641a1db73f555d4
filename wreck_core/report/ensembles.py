"""Ensembles: rows that say the mean of what other rows say.

Nothing is trained. The members stand in params.yaml and are not chosen by the scores, so the mean is as
honest as they are: every picture is answered by models that had not seen it.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wreck_core.params import Params
from wreck_core.report.evidence import Answers, Evidence, Failure

_ADDED = ("params_m", "size_mb", "ms_per_image_p50", "ms_per_image_p95", "fit_s")  # all members must run
_SHARED = ("weights", "git_sha", "data_rev", "seed", "threads", "versions")


def add(params: Params, evidence: Evidence) -> Evidence:
    """Add the answers of each ensemble whose members are all on the board; the others have no row."""
    known: list[Answers | Failure] = [*evidence.models, *evidence.failures]
    outcomes = {outcome.name: outcome for outcome in known}
    means = [
        mean(name, [outcomes[member] for member in members])
        for name, members in params.ensembles.items()
        if set(members) <= set(outcomes)
    ]
    return replace(
        evidence,
        models=[*evidence.models, *(one for one in means if isinstance(one, Answers))],
        failures=[*evidence.failures, *(one for one in means if isinstance(one, Failure))],
    )


def mean(name: str, members: Sequence[Answers | Failure]) -> Answers | Failure:
    """Average the members' probabilities; a member that failed makes the ensemble fail too."""
    for member in members:
        if isinstance(member, Failure):
            return Failure(name, f"its member {member.name} failed: {member.reason}", member.fix)
    models = [member for member in members if isinstance(member, Answers)]
    facts = [model.facts for model in models]
    tests = [model.test["p_raw"].to_numpy() for model in models if model.test is not None]
    test = models[0].test
    shared = [key for key in _SHARED if all(one.get(key) == facts[0].get(key) for one in facts)]
    return Answers(
        name=name,
        p_raw=np.mean([model.p_raw for model in models], axis=0),
        p=np.mean([model.p for model in models], axis=0),
        facts={
            "recipe": "ensemble",
            "threshold": 0.5,
            "peak_rss_mb": max(one.get("peak_rss_mb") or 0 for one in facts),
            **{key: round(sum(one.get(key) or 0 for one in facts), 3) for key in _ADDED},
            **{key: facts[0].get(key) for key in shared},
        },
        test=None if test is None else test.assign(p_raw=np.mean(tests, axis=0)),
    )
