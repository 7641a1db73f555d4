from itertools import combinations

from wreck_core.report.speed_plot import _overlap, _place_labels, speed_plot


def row(backbone, auc, ms):
    limits = {"roc_auc_low": auc - 0.01, "roc_auc_high": min(1, auc + 0.01)}
    state = {"status": "ok", "tie_group": None}
    return {"backbone": backbone, "roc_auc": auc, "ms_per_image_p50": ms, **limits, **state}


def test_labels_do_not_cover_each_other():
    dots = [(300.0 + 5 * at, 100.0 + 12 * at) for at in range(8)]
    names = [f"efficientnet_{at}" for at in range(8)]
    boxes = []
    for (x, y, anchor), name in zip(_place_labels(dots, names, 700), names, strict=True):
        left = x if anchor == "start" else x - 8 * len(name)
        boxes.append((left, y - 12, left + 8 * len(name), y + 3))
    assert not any(_overlap(a, b) for a, b in combinations(boxes, 2))


def test_speed_plot_marks_the_recommended_model_and_the_ones_off_the_scale():
    drawn = speed_plot([row("good", 0.95, 20), row("slow", 0.951, 90), row("weak", 0.6, 2)], "good")
    assert 'class="name chosen">good</text>' in drawn
    assert "weak .600" in drawn


def test_the_speed_plot_of_a_phone_keeps_within_its_width():
    drawn = speed_plot([row("a" * 40, 0.95, 20), row("b", 0.951, 90)], "b", 360)
    assert 'viewBox="0 0 360 384"' in drawn
    assert "a" * 18 not in drawn, "a name that is longer than the picture is cut"
