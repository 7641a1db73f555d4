import pandas as pd

from wreck_core.dedup import claims

CLASSES = ["damaged", "undamaged"]


def collect(listed: list[tuple[str, str | None]], labels: list[tuple[str, str, str]]) -> claims.Claims:
    return claims.collect(
        pd.DataFrame(listed, columns=["sha256", "list_label"]),
        pd.DataFrame(labels, columns=["sha256", "label", "flags"]),
        CLASSES,
    )


def test_lists_that_contradict_each_other_claim_both() -> None:
    assert collect([("a", "damaged"), ("a", "undamaged"), ("b", "damaged"), ("b", None)], []) == {
        "a": frozenset(CLASSES)
    }


def test_a_label_settles_what_the_lists_say() -> None:
    listed: list[tuple[str, str | None]] = [("a", "damaged"), ("a", "undamaged")]
    assert collect(listed, [("a", "damaged", "")]) == {"a": frozenset({"damaged"})}
    assert collect(listed, [("a", "reject", "")]) == {"a": frozenset()}


def test_a_label_flagged_as_a_conflict_claims_every_class() -> None:
    assert collect([("a", "damaged")], [("a", "unsure", "conflict")]) == {"a": frozenset(CLASSES)}
