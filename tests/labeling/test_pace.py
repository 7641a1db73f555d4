"""How far, how fast: counted rarely when counting is slow."""

from wreck_core.labeling.pace import Pace


def test_the_pace_is_that_of_the_last_answers_and_says_what_is_left() -> None:
    clock = iter(range(0, 10_000, 2))
    pace = Pace(lambda: {"done": 40, "open": 50, "leased": 10, "parked": 7}, lambda: float(next(clock)))
    assert (pace.per_min(), pace.minutes_left()) == (0.0, None)
    for _ in range(30):
        pace.did(1)
    assert pace.per_min() == 30
    assert Pace(lambda: {"done": 1, "open": 1, "leased": 0, "parked": 0}).progress() == (1, 2)


def test_a_count_that_takes_long_is_made_rarely_and_kept_up_between() -> None:
    now, counted = [0.0], []

    def count() -> dict[str, int]:
        counted.append(now[0])
        now[0] += 0.1  # what a million tasks take
        return {"done": 7, "open": 90, "leased": 3, "parked": 0}

    pace = Pace(count, lambda: now[0])
    assert pace.progress() == (7, 100)
    for _ in range(10):
        now[0] += 0.3
        pace.did(1)
    assert pace.progress() == (17, 100)
    pace.did(0, total=-1)
    assert pace.progress() == (17, 99)
    assert len(counted) == 1
    now[0] += 5
    assert pace.progress() == (7, 100)
    assert len(counted) == 2
