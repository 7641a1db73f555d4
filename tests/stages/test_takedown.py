"""A takedown leaves hashes and nothing else: in a real git and DVC repository with a remote."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
from pages import Pages, pages, photo

from wreck_core import params as params_module
from wreck_core.clock import now
from wreck_core.errors import UsageError
from wreck_core.ingest import blocklist
from wreck_core.ingest.urls import url_id
from wreck_core.labeling import export
from wreck_core.labeling.records import Import
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout
from wreck_core.stages import backup, scrape, snapshot, takedown
from wreck_core.stages.scrape import ScrapeRequest
from wreck_core.training.features import FeatureStore

ORIGIN = "http://web.example/"
BAD = photo(1)
HEAT = b"a heat map over a picture"
ACTIVE = np.ones(20_000)  # activations: several pages of a database
MARK = BAD[len(BAD) // 2 :][:48]


@pytest.fixture
def web() -> Iterator[Pages]:
    with pages() as web:
        web.bodies = {"/0.jpg": photo(0), "/bad.jpg": BAD, "/copy.jpg": BAD, "/2.jpg": photo(2)}
        yield web


@pytest.fixture
def workspace(tmp_path: Path, web: Pages) -> Layout:
    """A workspace in which every subject knows the picture at /bad.jpg and /copy.jpg."""
    layout = tiny.build(tmp_path / "work")
    for path in (layout.candidates, layout.images / "ab" / "abc.jpg"):
        path.unlink()
    (tmp_path / "remote").mkdir()
    (layout.root / ".dvc" / "config.local").write_text(
        f"[core]\n    remote = backup\n['remote \"backup\"']\n    url = {tmp_path / 'remote'}\n"
    )
    fetch(layout, web)
    sha, other = sha_of(layout, "bad.jpg"), sha_of(layout, "0.jpg")
    with Store(layout.label_db) as store:
        store.enqueue([(sha, 1.0), (other, 0.5)], "primary", "random")
        store.import_labels("list:a", [Import(sha, "damaged"), Import(other, "undamaged")], now())
        export.write(layout, store)
    FeatureStore(layout.features, "trunk").add(
        [sha, f"{sha}:0.1,0.2", other], np.ones((3, 4), np.float32) * np.pi
    )
    FeatureStore(layout.features, "cut", np.float16).add(
        [f"{sha}:view1", f"{sha}:0.1,0.2:view3", f"{other}:view1"], np.array([[7.25], [7.25], [1]]) * ACTIVE
    )
    (_made(layout.checkpoints / "train@alpha" / "0123") / "seed29-part0.npz").write_bytes(b"weights")
    _made(layout.exports / "folders" / "damaged").joinpath(f"{sha}.jpg").write_bytes(BAD)
    _made(layout.exports / "maps").joinpath(f"car-{sha[:12]}.png").write_bytes(HEAT)
    _made(layout.exports / "maps").joinpath(f"car-{other[:12]}.png").write_bytes(HEAT)
    pd.DataFrame({"sha256": [sha, other], "p": [0.1, 0.2]}).to_parquet(
        _made(layout.model("alpha")) / "oof.parquet"
    )
    pd.DataFrame({"sha256": [other]}).to_parquet(_made(layout.model("beta")) / "oof.parquet")
    pd.DataFrame({"sha256": [sha], "survivor_sha256": [other], "decision": ["review"]}).to_parquet(
        layout.duplicates
    )
    pd.DataFrame({"sha256": [sha, other]}).to_parquet(layout.manifest)
    layout.folds.write_text(f"sha256,cluster,fold,split\n{sha},{sha},0,fold\n{other},{other},1,fold\n")
    layout.decisions.write_text(f"sha256_a,sha256_b,same,annotator,at\n{sha},{other},false,me,\n")
    (_made(layout.reports) / "report.json").write_text(json.dumps({"thumbnails": {sha: "data:thumb"}}))
    snapshot.run(params_module.load(layout.params), layout)
    backup.run(params_module.load(layout.params), layout)
    from wreck_core import dvcio

    dvcio.push(layout.root)
    return layout


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fetch(layout: Layout, web: Pages, **more: Any) -> dict[str, Any]:
    path = layout.root / "data" / "list.txt"
    path.write_text("".join(f"{ORIGIN}{name}\n" for name in ("0.jpg", "bad.jpg", "copy.jpg", "2.jpg")))
    settings = params_module.load(layout.params)
    return scrape.run(settings, layout, ScrapeRequest((path,), url_map=(web.mirror(ORIGIN),), **more)).data


def sha_of(layout: Layout, name: str) -> str:
    table = pd.read_parquet(layout.candidates).set_index("url")
    return str(table.sha256[ORIGIN + name])


def holders(folder: Path, *marks: bytes) -> set[str]:
    """Files below a folder that hold any of the marks, git's own apart."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and ".git/" not in path.as_posix() and any(m in path.read_bytes() for m in marks)
    }


def take(layout: Layout, target: str) -> Any:
    return takedown.run(params_module.load(layout.params), layout, target, "asked by its owner")


@pytest.mark.parametrize("kind", ["url", "sha256"])
def test_nothing_of_the_picture_is_left_and_it_never_comes_back(
    tmp_path: Path, workspace: Layout, web: Pages, kind: str, record_property: Any
) -> None:
    sha = sha_of(workspace, "bad.jpg")
    activations = np.full(500, 7.25, np.float16).tobytes()  # of one page
    assert holders(tmp_path, activations)
    assert len(holders(tmp_path, MARK)) == 4  # the store, DVC's cache, the remote, an export

    summary = take(workspace, sha if kind == "sha256" else f"{ORIGIN}bad.jpg")

    assert holders(tmp_path, MARK) == set()
    thumbnail, features = b"data:thumb", np.float32(np.pi).tobytes() * 4
    assert holders(tmp_path, thumbnail) == set()
    assert len(holders(tmp_path, features)) == 1  # of the other picture
    assert holders(tmp_path, activations) == set()
    assert len(holders(tmp_path, HEAT)) == 1
    assert b"bad.jpg" not in workspace.ledger.read_bytes()
    # DVC's lists of the store, and the predictions of models, hold the hash and no more.
    named = holders(workspace.root, sha.encode()) - {"data/takedown.csv", "models/alpha/oof.parquet"}
    assert all(name.endswith((".dir", ".unpacked")) or ".dvc/tmp" in name for name in named), named
    for path in (workspace.candidates, workspace.duplicates, workspace.manifest):
        assert sha not in pd.read_parquet(path).to_csv()

    assert summary.data["models"] == ["alpha"]
    assert summary.data["look_alikes"] == [sha_of(workspace, "0.jpg")]
    web.asked.clear()
    told = fetch(workspace, web, retry=frozenset({"ok", "http_4xx"}))
    assert told["statuses"] == {"ok": 2, "blocklisted": 2}
    assert web.codes() == []
    assert tiny.git(workspace.root, "check-ignore", "-v", "data/ledger.db")
    places = "store, DVC's cache and remote, features, activations, exports, backups, reports, ledger"
    record_property("R17", f"by {kind}: 0 residues in {places}; asked for again: 0 requests")
    assert "data/takedown.csv" in tiny.git(workspace.root, "status", "--porcelain", "-uall")


def test_a_clone_without_a_ledger_refuses_the_url_and_the_bytes_under_another(
    workspace: Layout, web: Pages
) -> None:
    sha = sha_of(workspace, "bad.jpg")
    take(workspace, f"{ORIGIN}copy.jpg")
    for path in workspace.ledger.parent.glob("ledger.db*"):
        path.unlink()
    web.bodies["/2.jpg"] = BAD
    web.redirects["/0.jpg"] = f"{ORIGIN}copy.jpg"
    web.asked.clear()
    assert fetch(workspace, web)["statuses"] == {"blocklisted": 4}
    assert sorted(path for path, _, _ in web.asked) == ["/0.jpg", "/2.jpg"]
    assert not list(workspace.images.rglob(f"*{sha}*"))


def test_a_host_goes_with_all_its_pictures_and_the_labels_of_others_stay(
    workspace: Layout, web: Pages
) -> None:
    summary = take(workspace, "WEB.example")
    assert summary.headline == "taken down: 3 pictures of 4 URLs"
    assert not [path for path in workspace.images.rglob("*") if path.is_file()]
    assert workspace.label_events.read_text() == ""
    web.asked.clear()
    assert fetch(workspace, web)["statuses"] == {"blocklisted": 4}
    assert web.asked == []
    (stone,) = [row for row in blocklist.read(workspace.takedowns) if not row.url_id]
    assert (stone.host, stone.reason) == ("web.example", "asked by its owner")


@pytest.mark.parametrize("with_ledger", [True, False])
def test_a_host_goes_with_the_pictures_that_redirects_brought_from_it(
    tmp_path: Path, workspace: Layout, web: Pages, with_ledger: bool
) -> None:
    short = "http://short.example/"
    web.redirects["/s"] = f"{ORIGIN}bad.jpg"
    web.bodies["/own.jpg"] = photo(9)
    lists = workspace.root / "data" / "short.txt"
    lists.write_text(f"{short}s\n{short}own.jpg\n")
    settings = params_module.load(workspace.params)
    mirrors = (web.mirror(short), web.mirror(ORIGIN))
    scrape.run(settings, workspace, ScrapeRequest((lists,), url_map=mirrors))
    table = pd.read_parquet(workspace.candidates).set_index("url")
    assert table.host[f"{short}s"] == "short.example"
    assert table.final_url[f"{short}s"] == f"{ORIGIN}bad.jpg"
    if not with_ledger:
        for path in workspace.ledger.parent.glob("ledger.db*"):
            path.unlink()
    web.asked.clear()
    summary = take(workspace, "web.example")
    assert summary.headline == "taken down: 3 pictures of 5 URLs"
    assert holders(tmp_path, MARK) == set()
    assert [path.stem for path in workspace.images.rglob("*.jpg")] == [table.sha256[f"{short}own.jpg"]]
    web.asked.clear()
    scrape.run(settings, workspace, ScrapeRequest((lists,), url_map=mirrors))
    assert {path for path, _, _ in web.asked} <= {"/own.jpg"}
    assert holders(tmp_path, MARK) == set()


def test_a_takedown_that_was_killed_is_completed_by_the_same_command(
    tmp_path: Path, workspace: Layout
) -> None:
    sha = sha_of(workspace, "bad.jpg")
    # As if it had died after its first writes: the tombstones and the tables.
    blocklist.add(workspace.takedowns, [blocklist.Tombstone(sha, url_id(f"{ORIGIN}bad.jpg"), "", "", "")])
    for path in workspace.ledger.parent.glob("ledger.db*"):
        path.unlink()
    workspace.candidates.unlink()
    take(workspace, f"{ORIGIN}bad.jpg")
    assert holders(tmp_path, MARK) == set()


def test_what_was_never_fetched_is_barred_all_the_same(workspace: Layout) -> None:
    summary = take(workspace, "https://elsewhere.example/x.jpg")
    assert summary.headline == "taken down: 0 pictures of 0 URLs"
    assert len(blocklist.read(workspace.takedowns)) == 1
    assert len(pd.read_parquet(workspace.candidates)) == 4


def test_what_is_no_url_sha256_or_host_is_a_usage_error(workspace: Layout) -> None:
    with pytest.raises(UsageError, match="is no URL"):
        take(workspace, "a/b")
    with pytest.raises(UsageError, match="write all of it"):  # not a host that is barred to no effect
        take(workspace, "197eac5c04f1")
