import answered
import pandas as pd
import pytest

from wreck_core.files import read_json
from wreck_core.report import curves, learning
from wreck_core.stages import report

FITS = ("frozen", "epochs", "auto", "fixed")


def epochs(chosen, *, held_out=True, recipe=None):
    rows = [
        {"fold": fold, "epoch": at, "loss": 0.6 / (at + 1), "chosen": at == chosen}
        for fold in (*range(answered.FOLDS), answered.TEST)
        for at in range(4)
    ]
    table = pd.DataFrame(rows)
    if held_out:
        table["held_out_loss"] = table["loss"] + 0.1
    return table.assign(recipe=recipe) if recipe else table


@pytest.fixture
def learned(layout, params):
    """Collect what the report says of how four rows learned, each by another way."""
    answered.fill(layout)
    for name in FITS:
        answered.answer(layout, name, 1.0, recipe=name)
    trials = pd.read_csv(layout.model("frozen") / "history.csv")
    tuned = epochs(3, held_out=False, recipe="top_blocks").assign(chosen=False)
    epochs(3).to_csv(layout.model("epochs") / "history.csv", index=False)
    epochs(3, held_out=False).to_csv(layout.model("fixed") / "history.csv", index=False)
    both = pd.concat([trials.assign(recipe="frozen"), tuned])
    both.to_csv(layout.model("auto") / "history.csv", index=False)

    def collect(**curves_of):
        for name, aucs in curves_of.items():
            points = [
                {"share": share, "n_images": round(100 * share), "roc_auc": auc}
                for share, auc in zip((0.25, 0.5, 0.75, 1.0), aucs, strict=True)
            ]
            path = layout.model(name) / "history.csv"
            kept = path.read_bytes()
            answered.answer(layout, name, 1.0, recipe=name, learning_curve=points)
            path.write_bytes(kept)
        report.run(answered.board_of(params, *FITS), layout)
        return read_json(layout.report_json)["learning"]

    return collect


def test_each_recipe_that_was_tried_is_a_panel_with_its_folds_the_final_model_last(learned):
    fits = {(fit["backbone"], fit["recipe"]): fit for fit in learned()["fits"]}
    assert set(fits) == {
        ("frozen", "frozen"),
        ("epochs", "epochs"),
        ("fixed", "fixed"),
        ("auto", "frozen"),
        ("auto", "top_blocks"),
    }
    frozen, scratch = fits["frozen", "frozen"], fits["epochs", "epochs"]
    assert (frozen["by"], frozen["tried"]) == ("c", [0.001, 0.01, 0.1])
    assert [fold["fold"] for fold in frozen["folds"]] == [*range(answered.FOLDS), answered.TEST]
    assert frozen["folds"][0]["loss"][frozen["folds"][0]["chosen"]] == 0.3
    assert (scratch["by"], scratch["tried"], scratch["judged"]) == ("epoch", [1, 2, 3, 4], "held out")
    assert scratch["folds"][0]["loss"][0] == pytest.approx(scratch["folds"][0]["training"][0] + 0.1)
    assert fits["fixed", "fixed"]["judged"] == "training"
    assert {fold["chosen"] for fold in fits["auto", "top_blocks"]["folds"]} == {None}


def test_only_a_choice_at_the_end_of_what_was_tried_asks_for_more(learned):
    told = learned()
    assert (
        told["long_enough"] == "epochs may gain from more epochs: most folds chose the end of what was tried."
    )
    edge = {fit["backbone"]: learning.at_edge(fit) for fit in told["fits"] if fit["recipe"] != "top_blocks"}
    assert edge == {"epochs": True, "frozen": False, "auto": False, "fixed": False}


def test_folds_may_end_their_search_for_the_strength_at_different_places(learned, layout):
    path = layout.model("frozen") / "history.csv"
    trials = pd.read_csv(path)
    in_first = trials["fold"] == 0
    path.write_text(trials[~in_first | (trials["c"] < 0.1)].to_csv(index=False))
    (fit,) = [fit for fit in learned()["fits"] if fit["backbone"] == "frozen"]
    assert fit["tried"] == [0.001, 0.01, 0.1]
    assert [len(fold["loss"]) for fold in fit["folds"]] == [2, *[3] * (len(fit["folds"]) - 1)]
    assert curves.fit_panel(fit).count("<circle") == len(fit["folds"])


@pytest.mark.parametrize(
    ("aucs", "says"),
    [
        ((0.7, 0.8, 0.85, 0.88), "From 50 to 100 pictures frozen gained .080. 1 of 4 curves still rises"),
        ((0.7, 0.88, 0.88, 0.881), "From 50 to 100 pictures frozen gained .001. No curve still rises"),
    ],
)
def test_the_best_curve_says_what_twice_the_pictures_brought(learned, aucs, says):
    flat = (0.5, 0.5, 0.5, 0.5)
    assert learned(frozen=aucs, epochs=flat, auto=flat, fixed=flat)["more_pictures"].startswith(says)


@pytest.mark.parametrize("tried", [[1.0], [1.0, 2.0]])
def test_one_epoch_or_equal_losses_can_be_drawn(tried):
    fold = {"fold": 0, "loss": [0.5] * len(tried), "training": None, "chosen": 0}
    fit = {"backbone": "a", "recipe": "seed", "by": "epoch", "tried": tried, "folds": [fold]}
    drawn = curves.fit_panel(fit)
    assert "nan" not in drawn
    assert "inf" not in drawn
