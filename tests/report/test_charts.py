from wreck_core.report.charts import Focus


def row(backbone, auc, status="ok", tie_group=None):
    return {
        "backbone": backbone,
        "status": status,
        "tie_group": tie_group,
        "roc_auc": auc,
        "roc_auc_low": auc - 0.01,
        "roc_auc_high": min(1, auc + 0.01),
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
