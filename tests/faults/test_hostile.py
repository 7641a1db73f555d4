"""R15, R18: what strangers wrote stays text wherever it is shown, and params.yaml runs nothing."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo
from faulty import Commands
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pages import pages, photo

from wreck_core import params as params_module
from wreck_core.errors import ParamsError
from wreck_core.layout import Layout

NAUGHTY = (
    "[/foo]",
    "\x1b[2J\x1b]0;title\x07",
    "=cmd|'/c calc'!A0",
    "@SUM(1)",
    "<script>document.title='run'</script>",
    "'\"><img src=x onerror=alert(1)>",
    "../../../../etc/passwd",
    "..%2f..%2fescape",
    "\u202egpj.exe",
    "$(touch canary)`touch canary`",
    "{{7*7}}",
    "con",
    "NULL",
    "nan",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def test_naughty_strings_stay_text_in_files_terminal_tables_and_dvc(
    layout: Layout, commands: Commands, record_property: Callable[[str, object], None]
) -> None:
    outside = {path for path in layout.root.parent.iterdir()}
    Repo.init(str(layout.root), no_scm=True).close()
    rows = [(f"http://web.example/{n}.jpg?{text}", text, text) for n, text in enumerate(NAUGHTY)]
    with (layout.root / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("url", "label", "source"), *rows])
    with pages() as web:
        web.bodies = {f"/{n}.jpg": photo(n) for n in range(len(NAUGHTY))}
        words = ["scrape", "list.csv", "--map", "=".join(web.mirror("http://web.example/"))]
        said = [commands.run(layout.root, *words)]
    for words in (
        ["labels", "import", "list.csv"],
        ["status"],
        ["dedup"],
        ["scrape", NAUGHTY[0]],
        ["takedown", NAUGHTY[1]],
    ):
        said.append(commands.run(layout.root, *words))
    text = "".join(done.said for done in said)
    assert "Traceback" not in text
    assert "MarkupError" not in text
    assert not {"\x1b", "\u202e", "\x07"} & set(text)
    assert {path for path in layout.root.parent.iterdir()} == outside
    assert not list(layout.root.rglob("canary*"))
    stored = {path.suffix for path in layout.images.rglob("*") if path.is_file()}
    assert stored == {".jpg"}
    cells = [
        cell
        for path in layout.root.glob("data/*.csv")
        for row in csv.reader(path.read_text().splitlines())
        for cell in row
    ]
    assert not [cell for cell in cells if cell.startswith(FORMULA)]
    record_property(
        "R15", f"{len(NAUGHTY)} strings through {len(said)} commands: 0 escapes, 0 formulas, 0 files outside"
    )


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch CANARY']",
        "!!python/object/new:os.mkdir [CANARY]",
        "labels: !!python/name:os.system ''",
        "a: &a [x, x]\nb: &b [*a, *a, *a, *a]\nlabels: [*b, *b, *b, *b]",
        "? {a: b}\n: c",
        "\x00",
    ],
)
def test_params_that_would_run_code_are_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(ParamsError, match=r"params\.yaml"):
        params_module.load(path)
    assert [each.name for each in tmp_path.iterdir()] == ["params.yaml"]
    record_property("R18", "a YAML tag that runs code: refused")


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
@example(b"[" * 5000)
@example(b"labels: {classes: [2001-01-01, 1e999]}")
def test_any_bytes_are_params_or_one_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.yaml"
    path.write_bytes(data)
    with pytest.raises(ParamsError):
        params_module.load(path)


leaf = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.lists(st.integers(), max_size=2)
)


@settings(max_examples=25)
@given(section=st.integers(0, 10), key=st.integers(0, 30), value=leaf)
def test_any_value_of_a_known_key_is_taken_or_named(
    tmp_path_factory: pytest.TempPathFactory, section: int, key: int, value: object
) -> None:
    raw = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
    part = raw[list(raw)[section % len(raw)]]
    name = list(part)[key % len(part)]
    part[name] = value
    path = tmp_path_factory.getbasetemp() / "changed.yaml"
    path.write_text(yaml.safe_dump(raw))
    try:
        assert params_module.load(path)
    except ParamsError as error:
        assert "mend" in str(error)
