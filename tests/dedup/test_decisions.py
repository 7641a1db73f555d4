from pathlib import Path

import pytest

from wreck_core.dedup import decisions
from wreck_core.errors import InputError

HEADER = "sha256_a,sha256_b,same,annotator,at\n"


def test_the_last_word_on_a_pair_counts_whichever_way_round(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(HEADER + "b,a,true,ann,2026-01-01T00:00:00Z\na,b,False,bob,2026-01-02T00:00:00Z\n")
    assert decisions.read(path) == {("a", "b"): False}


@pytest.mark.parametrize("text", [None, HEADER], ids=["no_file", "header_only"])
def test_nobody_has_decided_yet(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "decisions.csv"
    if text:
        path.write_text(text)
    assert decisions.read(path) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no readable CSV"),
        ("sha256_a,same\na,true\n", "has no column sha256_b"),
        (HEADER + "a,b,maybe,ann,\n", "same is 'maybe'"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        decisions.read(path)
