import csv
import hashlib
import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import perf_counter

import drawn
import numpy as np
import pytest

from wreck_core import console, devices, files, images
from wreck_core import params as params_module
from wreck_core.errors import InputError
from wreck_core.inference import predictor
from wreck_core.inference.ahead import AHEAD
from wreck_core.ingest import blocklist, urls
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import predict, train

# Keras hands TensorFlow's variables to numpy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

REPOSITORY = Path(__file__).resolve().parents[2]
COLUMNS = [
    *(
        "path",
        "sha256",
        "label",
        "p_damaged",
        "threshold",
        "margin",
        "in_distribution",
        "model",
        "ms",
        "error",
    ),
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Params, Layout]:
    """A workspace with one trained backbone."""
    layout = Layout(tmp_path_factory.mktemp("trained"))
    params = drawn.quick(params_module.load(REPOSITORY / "params.yaml"))
    drawn.fill(layout)
    train.run(params, layout, "efficientnet_lite0")
    return params, layout


@pytest.fixture
def photos(tmp_path) -> Path:
    """A folder with two drawn pictures, one below, and files that are no pictures."""
    drawn.write_picture(tmp_path / "photos" / "wreck.png", "damaged", 900)
    drawn.write_picture(tmp_path / "photos" / "deep" / "whole.png", "undamaged", 901)
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    (tmp_path / "photos" / "notes.txt").write_text("no picture, and not named like one")
    return tmp_path / "photos"


@pytest.fixture
def site(photos) -> Iterator[str]:
    """The same folder on loopback."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(photos))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_folder_becomes_rows_and_a_bad_file_is_one_of_them(trained, photos):
    summary = predict.run(*trained, [str(photos)])
    rows = {Path(row["path"]).name: row for row in summary.data["rows"]}
    assert sorted(rows) == ["broken.jpg", "whole.png", "wreck.png"]
    assert all(list(row) == COLUMNS for row in rows.values())
    assert rows["wreck.png"]["label"] == "damaged"
    assert rows["whole.png"]["label"] == "undamaged"
    assert rows["wreck.png"]["p_damaged"] > 0.5 > rows["whole.png"]["p_damaged"]
    assert rows["wreck.png"]["margin"] == pytest.approx(rows["wreck.png"]["p_damaged"] - 0.5, abs=1e-6)
    assert rows["broken.jpg"]["label"] is None
    assert rows["broken.jpg"]["error"]
    assert not summary.ok
    assert "1 could not be" in summary.headline


def test_the_answer_does_not_depend_on_the_company(trained, photos):
    alone = predict.run(*trained, [str(photos / "wreck.png")])
    together = predict.run(*trained, [str(photos / "deep" / "whole.png"), str(photos / "wreck.png")])
    assert alone.ok
    assert alone.data["rows"][0]["p_damaged"] == pytest.approx(
        together.data["rows"][1]["p_damaged"], abs=1e-5
    )


def test_a_stream_is_answered_as_it_comes(trained, photos):
    told = threading.Event()

    def typed() -> Iterator[str]:
        for name in ("wreck.png", "deep/whole.png", "broken.jpg"):
            told.clear()
            yield str(photos / name)
            assert told.wait(120), f"{name} was not answered before the next one came"

    rows: list[dict] = []

    def tell(row: dict) -> None:
        rows.append(row)
        told.set()

    predict.run(*trained, typed(), told=predict.Told(tell))
    assert [row["label"] for row in rows] == ["damaged", "undamaged", None]


def test_after_a_row_that_cannot_be_told_none_is(trained, photos):
    told: list[str] = []

    def gone(row: dict) -> None:
        told.append(row["path"])
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        predict.run(*trained, [str(photos)], told=predict.Told(gone))
    assert len(told) == 1


def test_a_model_answers_in_its_own_words_when_the_params_have_moved_on(trained, photos, capsys):
    params, layout = trained
    labels = params.labels.model_copy(update={"positive": "undamaged"})
    printer = console.prediction_printer(labels.classes)
    moved = params.model_copy(update={"labels": labels})
    predict.run(moved, layout, [str(photos / "wreck.png")], told=predict.Told(printer))
    assert "p(damaged)" in capsys.readouterr().out


def test_many_pictures_come_back_in_their_order(trained, tmp_path):
    names = [f"{at:03d}.png" for at in range(80)]
    for at, name in enumerate(names):
        drawn.write_picture(tmp_path / "many" / name, "damaged" if at % 3 else "undamaged", at)
    rows = predict.run(*trained, [str(tmp_path / "many")]).data["rows"]
    assert [Path(row["path"]).name for row in rows] == names
    assert np.mean([(row["label"] == "damaged") == bool(at % 3) for at, row in enumerate(rows)]) > 0.9


def test_a_picture_that_comes_alone_has_all_cores_and_of_several_each_has_one(trained, photos, tmp_path):
    drawn.write_picture(tmp_path / "folder" / "one.png", "damaged", 900)

    def threads_of(*names: str | Path) -> int:
        """Count the threads of this process that are not Python's: those of LiteRT among them."""
        found: list[int] = []

        def look(row: dict) -> None:
            found.append(len(list(Path("/proc/self/task").iterdir())) - threading.active_count())

        predict.run(*trained, [str(name) for name in names], told=predict.Told(look))
        return found[-1]

    one, other = photos / "wreck.png", photos / "deep" / "whole.png"
    threads_of(one)  # converts
    alone, together = threads_of(one), threads_of(one, other)
    assert alone - together == devices.cores() - 1
    assert threads_of(tmp_path / "folder") == alone
    assert threads_of(photos) == together


def test_the_time_of_a_picture_counts_no_waiting_for_others(trained, tmp_path):
    """As many as there are cores are worked on at once, so their times cannot add up to more than that."""
    for at in range(40):
        drawn.write_picture(tmp_path / "many" / f"{at}.png", "damaged", at)
    predict.run(*trained, [str(tmp_path / "many" / "0.png")])  # converts
    started = perf_counter()
    rows = predict.run(*trained, [str(tmp_path / "many")]).data["rows"]
    passed_ms = 1000 * (perf_counter() - started)
    assert sum(row["ms"] for row in rows) <= devices.cores() * passed_ms


def test_rows_are_told_while_more_pictures_are_still_named(trained, photos):
    """A row is never held back for more than the pictures under way, and none stays in memory."""
    told: list[dict] = []
    ahead = AHEAD * max(predict.READERS, devices.cores())
    many = 3 * ahead
    known_by: list[int] = []

    def names() -> Iterator[str]:
        for _ in range(many):
            known_by.append(len(told))
            yield str(photos / "wreck.png")

    summary = predict.run(*trained, names(), told=predict.Told(told.append))
    assert known_by[-1] >= many - ahead - 1
    assert len(told) == many
    assert summary.data["rows"] == []
    assert dict(summary.rows) == {"damaged": many, "undamaged": 0}


def test_a_first_answer_says_what_it_waits_for_and_later_ones_do_not(trained, photos):
    notes: list[str] = []
    shutil.rmtree(trained[1].litert, ignore_errors=True)
    for _ in range(2):
        predict.run(*trained, [str(photos / "wreck.png")], told=predict.Told(lambda row: None, notes.append))
    assert len(notes) == 1
    assert "fast copy of efficientnet_lite0, once" in notes[0]


def test_the_converted_model_is_kept_and_a_new_model_takes_its_place(trained, photos):
    params, layout = trained
    kept = layout.litert / "efficientnet_lite0"
    before = predict.run(params, layout, [str(photos / "wreck.png")])
    measure, first = sorted(kept.iterdir())
    assert (measure.suffix, first.suffix) == (".json", ".tflite")
    written_at = first.stat().st_mtime_ns
    assert (
        predict.run(params, layout, [str(photos / "wreck.png")]).data["rows"][0]["p_damaged"]
        == (before.data["rows"][0]["p_damaged"])
    )
    assert first.stat().st_mtime_ns == written_at
    for mine in (measure, first):
        mine.rename(kept / f"0123-tf2{mine.suffix}")
    predict.run(params, layout, [str(photos / "wreck.png")])
    assert sorted(kept.iterdir()) == [measure, first]


def test_a_picture_unlike_the_training_pictures_is_flagged(trained, tmp_path):
    rng = np.random.default_rng(8)
    checks = np.kron(rng.integers(0, 2, (12, 12)), np.ones((4, 4)))[..., None] * [255, 0, 255]
    (tmp_path / "checks.png").write_bytes(images.encode(checks.astype(np.uint8), "png"))
    for at in range(6):
        drawn.write_picture(tmp_path / f"usual{at}.png", ("damaged", "undamaged")[at % 2], 700 + at)
    summary = predict.run(*trained, [str(tmp_path)])
    rows = {Path(row["path"]).stem: row["in_distribution"] for row in summary.data["rows"]}
    assert rows["checks"] is False
    assert sum(rows[f"usual{at}"] for at in range(6)) >= 5
    assert any("unlike the pictures" in note for note in summary.notes)


def test_heat_maps_are_left_in_the_folder(trained, photos, tmp_path):
    summary = predict.run(*trained, [str(photos)], explain=tmp_path / "maps")
    left = sorted(path.name.rpartition("-")[0] for path in (tmp_path / "maps").iterdir())
    assert left == ["whole", "wreck"]
    for path in (tmp_path / "maps").iterdir():
        assert images.load(path).shape == (48, 48, 3)
    assert str(tmp_path / "maps") in summary.notes[-1]


def test_paths_come_from_standard_input_and_rows_go_out_as_csv_without_tensorflow(trained, photos):
    layout = trained[1]
    predict.run(*trained, [str(photos / "wreck.png")])  # converts
    shutil.copy(REPOSITORY / "params.yaml", layout.params)
    code = (
        "import sys\nfrom wreck_core.cli import app\n"
        f"try: app(['--workspace', {str(layout.root)!r}, 'predict', '-', '--csv'])\n"
        "except SystemExit as end: sys.stderr.write(f'{end.code} {\"tensorflow\" in sys.modules}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=f"{photos / 'wreck.png'}\n\n{photos / 'gone.png'}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "1 False"
    header, wreck, gone = csv.reader(done.stdout.splitlines())
    assert header == COLUMNS
    assert [Path(line[0]).name for line in (wreck, gone)] == ["wreck.png", "gone.png"]
    assert (wreck[2], wreck[6]) == ("damaged", "true")
    assert gone[-1] == "No such file or directory"


def test_a_first_prediction_with_heat_maps_works_in_a_fresh_process(trained, photos, tmp_path):
    layout = trained[1]
    shutil.rmtree(layout.litert, ignore_errors=True)  # so that the model is converted in the same run
    shutil.copy(REPOSITORY / "params.yaml", layout.params)
    words = [
        "predict",
        str(photos / "wreck.png"),
        "--model",
        "efficientnet_lite0",
        "--explain",
        str(tmp_path),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "wreck_core", "--workspace", str(layout.root), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "damaged" in done.stdout
    assert len(list(tmp_path.glob("wreck-*.png"))) == 1


def test_what_is_not_there_is_a_row(trained, tmp_path):
    (tmp_path / "empty").mkdir()
    rows = predict.run(*trained, [str(tmp_path / "gone.png"), str(tmp_path / "empty")]).data["rows"]
    assert [row["error"] for row in rows] == ["No such file or directory", "the folder holds no picture"]


def test_a_url_goes_through_the_safe_door(trained, photos, site):
    params, layout = trained
    blocked = predict.run(params, layout, [f"{site}/wreck.png"]).data["rows"][0]
    assert blocked["error"].startswith(("blocked_address", "bad_url"))
    port = int(site.rpartition(":")[2])
    own_network = params.scrape.model_copy(update={"allow_private": True, "ports": [port], "retries": 0})
    allowed = params.model_copy(update={"scrape": own_network})
    rows = predict.run(allowed, layout, [f"{site}/wreck.png", f"{site}/gone.png"]).data["rows"]
    assert rows[0]["label"] == "damaged"
    assert rows[0]["p_damaged"] == pytest.approx(
        predict.run(params, layout, [str(photos / "wreck.png")]).data["rows"][0]["p_damaged"], abs=1e-5
    )
    assert rows[1]["error"].startswith("http_4xx")
    doors: list[int] = []  # each HTTP client has one thread that watches its deadlines
    told = predict.Told(
        lambda row: doors.append(sum(thread.name == "deadlines" for thread in threading.enumerate()))
    )
    predict.run(allowed, layout, [f"{site}/wreck.png"] * 9, told=told)
    assert doors == [1] * 9


@pytest.mark.parametrize("named", ["url_id", "sha256", "host"])
def test_what_was_taken_down_is_not_looked_at_again_by_its_url(trained, photos, site, named):
    params, layout = trained
    url = f"{site}/wreck.png"
    port = int(site.rpartition(":")[2])
    own_network = params.scrape.model_copy(update={"allow_private": True, "ports": [port], "retries": 0})
    sha256 = hashlib.sha256((photos / "wreck.png").read_bytes()).hexdigest()
    known = {"url_id": urls.url_id(urls.normalise(url)), "sha256": sha256, "host": "127.0.0.1"}
    blocklist.add(layout.takedowns, [blocklist.Tombstone(**{named: known[named]})])
    allowed = params.model_copy(update={"scrape": own_network})
    (row,) = predict.run(allowed, layout, [url]).data["rows"]
    layout.takedowns.unlink()
    assert row["error"].startswith("blocklisted")
    assert row["label"] is None


def test_the_leader_of_the_board_is_used_and_else_the_first_that_is_trained(trained):
    params, layout = trained
    assert predict.usable(params, layout) == "efficientnet_lite0"
    layout.model("scratch_cnn").mkdir(parents=True)
    files.write_json(layout.model("scratch_cnn") / "model.json", {})
    ranked = [{"backbone": name} for name in ("mean_of_two", "scratch_cnn", "efficientnet_lite0")]
    files.write_json(layout.leaderboard_json, {"rows": ranked})
    assert predict.usable(params, layout) == "scratch_cnn"
    files.write_json(layout.leaderboard_json, {"rows": []})
    assert predict.usable(params, layout) == "efficientnet_lite0"


def test_without_a_model_the_error_says_what_to_do(layout, params):
    for model in (None, "resnet50"):
        with pytest.raises(InputError, match="no trained model") as raised:
            predict.run(params, layout, nothing_asked(), model)
        assert "dvc repro" in raised.value.fix


def nothing_asked() -> Iterator[str]:
    """Names of pictures as a person types them: nobody should before the model is known to be there."""
    pytest.fail("a name was read")
    yield ""


@pytest.mark.parametrize(
    ("p", "label"),
    [
        ({"damaged": 0.5, "undamaged": 0.5}, "damaged"),
        ({"damaged": 0.4, "undamaged": 0.6}, "undamaged"),
        ({"damaged": 0.4, "worn": 0.35, "undamaged": 0.25}, "worn"),
    ],
)
def test_the_threshold_decides_and_then_the_likeliest_of_the_others(p, label):
    assert predictor.decide(p, "damaged", 0.5) == label


HOSTILE = (
    "=cmd|'!A0.png",
    "@SUM(1).png",
    "[red]line[bold].png",
    "\x1b[2J\x1b]0;title\x07.png",
    "two\nlines.png",
    "a\tb.png",
    "\u202egnp.png",
    "<script>alert(1)<script>.png",
    "..png",
    "-rf.png",
    "$(touch canary).png",
    "\U0001f697" * 62 + ".png",  # 252 bytes
)


@pytest.fixture
def hostile(tmp_path, monkeypatch) -> list[bytes]:
    """Pictures whose names attack whoever shows them, in the working folder, which has nothing else."""
    folder = tmp_path / "hostile"
    names = [*(os.fsencode(name) for name in HOSTILE), b"\xff\xfe.png"]
    folder.mkdir()
    monkeypatch.chdir(folder)
    for at, name in enumerate(names):
        drawn.write_picture(tmp_path / "plain.png", "damaged", 900 + at)
        (tmp_path / "plain.png").rename(os.fsdecode(name))
    return names


def wreck_predict(layout: Layout, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    shutil.copy(REPOSITORY / "params.yaml", layout.params)
    program = [sys.executable, "-m", "wreck_core", "--workspace", str(layout.root), "predict", *words]
    return subprocess.run(program, input=given, capture_output=True, check=False)


def test_hostile_names_are_rows_that_tables_and_programs_can_read(trained, hostile, record_property):
    told = wreck_predict(trained[1], ".", "--csv")
    assert (told.returncode, told.stderr) == (0, b"")
    _, *rows = csv.reader(io.StringIO(told.stdout.decode("utf-8"), newline=""))
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert not [row[0] for row in rows if row[0].startswith(("=", "+", "-", "@", "\t", "\r"))]
    names = sorted(name.decode(errors="replace") for name in hostile)
    assert sorted(row[0].removeprefix("./") for row in rows) == names
    given = b"\n".join(name for name in hostile if b"\n" not in name)
    listed = wreck_predict(trained[1], "-", "--json", given=given + b"\nzero\0byte\n" + b"x" * 300)
    rows = json.loads(listed.stdout)["rows"]
    assert listed.returncode == 1
    assert [row["error"] for row in rows if row["error"]] == ["is no file's name", "File name too long"]
    assert len(rows) == len(hostile) + 1
    assert json.dumps(rows, ensure_ascii=False).encode()  # no half of a surrogate pair
    record_property("R15", f"{len(hostile)} names of files through predict: 0 escapes, 0 formulas, 0 lost")


def test_hostile_names_are_one_line_each_at_a_terminal(trained, hostile):
    for words in (["."], [".", "--csv"]):
        code, said = on_a_terminal(trained[1], *words)
        assert code == 0, said
        text = re.sub(r"\x1b\[[0-9;]*m", "", said)  # our own colours
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
        assert text.count(".png") == len(hostile)
        assert len([line for line in text.splitlines() if ".png" in line]) == len(hostile)
        assert "[red]line[bold].png" in text


def on_a_terminal(layout: Layout, *words: str) -> tuple[int, str]:
    """Run the command on a terminal of its own; give its exit code and all that it showed."""
    shutil.copy(REPOSITORY / "params.yaml", layout.params)
    ours, its = pty.openpty()
    program = [sys.executable, "-m", "wreck_core", "--workspace", str(layout.root), "predict", *words]
    with subprocess.Popen(program, stdin=its, stdout=its, stderr=its, close_fds=True) as process:
        os.close(its)
        said = b""
        with suppress(OSError):  # how Linux says that the other end is closed
            while data := os.read(ours, 65536):
                said += data
    os.close(ours)
    return process.returncode, said.decode()


def test_heat_maps_of_hostile_names_are_plain_files_of_the_folder(trained, hostile, tmp_path):
    predict.run(*trained, ["."], explain=tmp_path / "maps")
    maps = [path.name for path in (tmp_path / "maps").iterdir()]
    assert len(maps) == len(hostile)
    assert all(re.fullmatch(r"[\w.]+-[0-9a-f]{12}\.png", name) and len(name.encode()) < 90 for name in maps)
    assert not [name for name in maps if name.startswith(".")]
