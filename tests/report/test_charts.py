from itertools import combinations

from wreck_core.report import charts
from wreck_core.report.charts import Focus


def row(backbone, auc, ms=10.0, status="ok", tie_group=None):
    return {
        "backbone": backbone,
        "status": status,
        "tie_group": tie_group,
        "roc_auc": auc,
        "roc_auc_low": auc - 0.01,
        "roc_auc_high": min(1, auc + 0.01),
        "ms_per_image_p50": ms,
    }


def test_axis_shows_where_models_differ_and_leaves_the_hopeless_off():
    focus = Focus.of(
        [row("a", 0.953), row("b", 0.931), row("c", 0.62), row("chance", 0.5, status="baseline")]
    )
    assert 0.88 <= focus.low <= 0.92
    assert focus.high <= 1
    assert focus.leader == 0.953
    assert not focus.holds(row("c", 0.62))


def test_axis_shows_all_of_a_tie_however_wide():
    assert Focus.of([row("a", 0.9, tie_group=1), row("b", 0.6, tie_group=1)]).low < 0.59


def test_axis_exists_when_only_baselines_do():
    focus = Focus.of([row("chance", 0.5, status="baseline")])
    assert focus.low < 0.5 < focus.high


def test_labels_do_not_cover_each_other():
    dots = [(300.0 + 5 * at, 100.0 + 12 * at) for at in range(8)]
    names = [f"efficientnet_{at}" for at in range(8)]
    boxes = []
    for (x, y, anchor), name in zip(charts._place_labels(dots, names, 700), names, strict=True):
        left = x if anchor == "start" else x - 8 * len(name)
        boxes.append((left, y - 12, left + 8 * len(name), y + 3))
    assert not any(charts._overlap(a, b) for a, b in combinations(boxes, 2))


def test_speed_plot_marks_the_recommended_model_and_the_ones_off_the_scale():
    drawn = charts.speed_plot([row("good", 0.95, 20), row("slow", 0.951, 90), row("weak", 0.6, 2)], "good")
    assert 'class="name chosen">good</text>' in drawn
    assert "weak .600" in drawn


def test_the_speed_plot_of_a_phone_keeps_within_its_width():
    drawn = charts.speed_plot([row("a" * 40, 0.95, 20), row("b", 0.951, 90)], "b", 360)
    assert 'viewBox="0 0 360 384"' in drawn
    assert "a" * 18 not in drawn, "a name that is longer than the picture is cut"
