"""Pictures whose URLs carried secrets, from the list to the last file that a reader of the report opens."""

import json

import answered
import commands
import numpy as np
import pandas as pd
from pages import pages

from wreck_core import images
from wreck_core.stages import report

ORIGIN = "http://web.example/"
SECRETS = 200
NAMES = ("sig", "token", "X-Amz-Signature", "key", "access_token", "password", "Policy", "jwt")


def canary_url(number):
    """Three of four lead to a picture; the others to nothing, or are refused for their password."""
    name, canary = NAMES[number % len(NAMES)], f"CANARY-{number:03d}"
    if number % 8 == 3:
        return f"{ORIGIN}missing{number}?{name}={canary}"
    if number % 8 == 7:
        return f"http://user:{canary}@web.example/{number}.png"
    return f"{ORIGIN}{number}.png?w=10&{name}={canary}&h=20#{name}={canary}"


def add_folds(layout):
    """Write the manifest of what was scraped, as the dataset stage would with every picture labelled."""
    frame = pd.read_parquet(layout.candidates)
    number = frame["line"].to_numpy()
    table = frame[["sha256", "path", "source"]].assign(
        label=np.where(number % 2 == (number // 8) % 2, "damaged", "undamaged"),
        cluster=frame["sha256"],
        selection="list",
        fold=np.where(number % 8 == 5, answered.TEST, number % answered.FOLDS),
        split=np.where(number % 8 == 5, "test", "fold"),
        x=None,
        y=None,
        w=None,
        h=None,
    )
    table.sort_values("sha256", ignore_index=True).to_parquet(layout.manifest)


def test_two_hundred_secrets_are_in_no_file_of_the_report_and_in_no_answer_of_a_command(
    params, layout, record_property
):
    lists = layout.root / "secrets.txt"
    lists.write_text("".join(f"{canary_url(number)}\n" for number in range(SECRETS)))
    random = np.random.default_rng(7)
    with pages() as web:
        for number in range(SECRETS):
            picture = random.integers(0, 255, (64, 64, 3), np.uint8)
            web.bodies[f"/{number}.png"] = images.encode(picture, "png")
        mirror = "=".join(web.mirror(ORIGIN))
        said = [commands.run(layout.root, "wreck", "scrape", str(lists), "--map", mirror, "--json")]
    assert json.loads(said[0].stdout)["statuses"] == {"ok": 150, "http_4xx": 25, "bad_url": 25}

    add_folds(layout)
    answered.answer(layout, "mobilenet", 0.4, roc_auc=0.6)
    report.run(answered.board_of(params, "mobilenet"), layout)
    for name in ("leaderboard.html", "report.json", "errors.csv"):
        assert "token=REDACTED" in (layout.reports / name).read_text(), name

    for words in (
        ["status", "--json"],
        ["status"],
        ["scrape", str(lists), "--map", mirror, "--retry", "http_4xx"],
        ["scrape", canary_url(0)],
        ["takedown", canary_url(0)],
        ["takedown", canary_url(7)],
    ):
        said.append(commands.run(layout.root, "wreck", *words))
    assert [process.returncode for process in said[:5]] == [0, 0, 0, 0, 2]
    for process in said:
        assert "CANARY-" not in process.stdout + process.stderr
    held = [path for path in layout.root.rglob("*") if path.is_file() and b"CANARY-" in path.read_bytes()]
    assert held == [lists]
    assert list(layout.logs.iterdir())
    told = f"{SECRETS} canaries through {len(said)} commands and a report: 0 hits in files and answers"
    record_property("R16", told)
