"""How fast a person goes."""

from wreck_core.labeling.pace import Pace


def test_the_pace_is_that_of_the_last_answers_and_unknown_at_first() -> None:
    clock = iter([0.0, 500.0, *range(502, 10_000, 2)])
    pace = Pace(lambda: float(next(clock)))
    pace.answered()
    pace.answered()
    assert pace.per_min() == 0.0
    for _ in range(30):
        pace.answered()
    assert pace.per_min() == 30
