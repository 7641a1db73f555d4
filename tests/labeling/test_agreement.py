"""Agreement: the coefficients are those of the papers, and an interval holds the value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreck_core.labeling.agreement import alpha_of, cohens_kappa, measure, tally_votes

# Krippendorff (2011), example C: four observers, twelve units, a dot where nothing was said.
FOUR = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


def votes(*observers: str) -> list[list[str]]:
    return [[label for label in unit if label != "."] for unit in zip(*observers, strict=True)]


def alpha(of_units: list[list[str]]) -> float:
    return float(alpha_of(tally_votes(of_units).sum(0)))


def test_kappa_of_two_clinicians_is_that_of_cohen_1960() -> None:
    table = {"aa": 88, "ab": 14, "ac": 18, "ba": 10, "bb": 40, "bc": 10, "ca": 2, "cb": 6, "cc": 12}
    pairs = [tuple(pair) for pair, count in table.items() for _ in range(count)]
    assert cohens_kappa(*zip(*pairs, strict=True)) == pytest.approx(0.492, abs=5e-4)


def test_alpha_of_two_observers_is_that_of_krippendorff_2011() -> None:
    assert alpha(votes("0100000010", "1110010000")) == pytest.approx(0.095, abs=5e-4)


def test_alpha_of_four_observers_with_gaps_is_that_of_krippendorff_2011() -> None:
    assert alpha(votes(*FOUR)) == pytest.approx(0.743, abs=5e-4)


def vote(annotator: str, sha256: str, label: str, kind: str = "label") -> dict[str, Any]:
    return {"annotator": annotator, "sha256": sha256, "label": label, "kind": kind}


said = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from("12")), max_size=40)


@given(said)
def test_agreement_is_at_most_one_lies_in_its_interval_and_forgets_the_order(
    answers: list[tuple[str, str, str]],
) -> None:
    current = [vote(*key, label) for *key, label in {answer[:2]: answer for answer in answers}.values()]
    overall, pairs = measure(current, 60, 0.95, 1)
    assert measure(current[::-1], 60, 0.95, 1) == (overall, pairs)
    for each in [overall, *pairs] if overall else pairs:
        assert each.value is None or each.value <= 1
        assert each.low is None or each.high is None or each.low <= each.high <= 1
        assert each.n <= 3


def test_an_adjudication_is_no_blind_label_and_one_label_for_all_says_nothing() -> None:
    current = [vote("ann", "x", "1"), vote("bob", "x", "1"), vote("judge", "x", "2", "adjudicate")]
    overall, pairs = measure(current, 20, 0.95, 1)
    assert overall == pairs[0]
    assert (overall.coefficient, overall.n, overall.value, overall.observed) == ("kappa", 1, None, 1.0)
    assert measure(current[:1], 20, 0.95, 1) == (None, [])
