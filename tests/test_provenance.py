from pathlib import Path

import pytest
from tiny import git

from wreck_core import files, provenance
from wreck_core.errors import InputError
from wreck_core.layout import Layout

DVC_YAML = """
stages:
  dedup:
    cmd: wreck dedup
    deps: [data/labels.csv, wreck_core/dedup, scripts/one.sh]
    params: [dedup]
  train:
    foreach: ${backbones}
    do:
      cmd: wreck train ${key}
      deps: [data/manifest.parquet]
      params: [train, "backbones.${key}"]
"""


@pytest.fixture
def workspace(layout: Layout) -> Layout:
    layout.dvc_yaml.write_text(DVC_YAML)
    for name in ("data/labels.csv", "wreck_core/dedup/search.py", "scripts/one.sh", "data/manifest.parquet"):
        (layout.root / name).parent.mkdir(parents=True, exist_ok=True)
        (layout.root / name).write_text(name)
    return layout


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {part for part in before if before[part] != after[part]}


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_without_dvc_yaml_there_is_no_fingerprint(layout: Layout) -> None:
    assert provenance.fingerprint(layout, "dedup") == {}


def test_the_same_inputs_give_the_same_fingerprint(workspace: Layout) -> None:
    assert provenance.fingerprint(workspace, "dedup") == provenance.fingerprint(workspace, "dedup")


def test_each_kind_of_input_moves_its_own_part(workspace: Layout) -> None:
    start = provenance.fingerprint(workspace, "dedup")
    (workspace.root / "wreck_core/dedup/new.py").write_text("new")
    code = provenance.fingerprint(workspace, "dedup")
    assert changed(start, code) == {"code"}
    workspace.labels.write_text("sha256,label\n")
    data = provenance.fingerprint(workspace, "dedup")
    assert changed(code, data) == {"data"}
    replace_in(workspace.params, "threshold_bits: 72", "threshold_bits: 71")
    assert changed(data, provenance.fingerprint(workspace, "dedup")) == {"params"}


def test_comments_other_sections_and_byte_code_move_nothing(workspace: Layout) -> None:
    start = provenance.fingerprint(workspace, "dedup")
    replace_in(workspace.params, "threads: 32", "threads: 31  # fewer")
    cache = workspace.root / "wreck_core/dedup/__pycache__"
    cache.mkdir()
    (cache / "search.cpython-311.pyc").write_bytes(b"byte code")
    assert provenance.fingerprint(workspace, "dedup") == start


def test_a_training_depends_on_its_own_row_only(workspace: Layout) -> None:
    rows = [provenance.fingerprint(workspace, f"train@{name}") for name in ("mobilenet", "scratch_cnn")]
    replace_in(workspace.params, "{weights: none, epochs: 12}", "{weights: none, epochs: 11}")
    after = [provenance.fingerprint(workspace, f"train@{name}") for name in ("mobilenet", "scratch_cnn")]
    assert changed(rows[0], after[0]) == set()
    assert changed(rows[1], after[1]) == {"params"}


def test_a_missing_input_is_not_an_empty_one(workspace: Layout) -> None:
    workspace.labels.write_text("")
    empty = provenance.fingerprint(workspace, "dedup")
    workspace.labels.unlink()
    assert changed(empty, provenance.fingerprint(workspace, "dedup")) == {"data"}


def test_an_unknown_stage_is_named(workspace: Layout) -> None:
    with pytest.raises(InputError, match="no stage deddup"):
        provenance.fingerprint(workspace, "deddup")


def test_moved_names_what_changed_since_the_stage_started(workspace: Layout) -> None:
    files.write_json(workspace.dedup_json, {"fingerprint": provenance.fingerprint(workspace, "dedup")})
    assert provenance.moved(workspace, "dedup") == []
    workspace.labels.write_text("other")
    assert provenance.moved(workspace, "dedup") == ["data"]
    assert provenance.moved(workspace, "train@mobilenet") == []  # it never ran: nothing to compare


def test_git_sha_is_the_commit_or_nothing(tmp_path: Path) -> None:
    assert provenance.git_sha(tmp_path) == ""
    git(tmp_path, "init", "-q")
    assert provenance.git_sha(tmp_path) == ""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@localhost")
    git(tmp_path, *who, "commit", "-q", "--allow-empty", "-m", "one")
    assert provenance.git_sha(tmp_path) == git(tmp_path, "rev-parse", "HEAD")


def test_data_rev_is_the_manifests_hash(layout: Layout) -> None:
    assert provenance.data_rev(layout) == ""
    layout.manifest.parent.mkdir()
    layout.manifest.write_bytes(b"abc")
    assert provenance.data_rev(layout) == "ba7816bf8f01"
