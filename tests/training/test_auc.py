import numpy as np
import pytest

from wreck_core.evaluation import intervals
from wreck_core.evaluation.metrics import Cases, within_fold_auc
from wreck_core.training import auc


def answers(pictures: int, per_cluster: int) -> tuple[Cases, np.ndarray]:
    """Scores of a good model; pictures of one cluster show the same and get the same score."""
    rng = np.random.default_rng(3)
    cluster = np.arange(pictures) // per_cluster
    truth, noise = np.arange(pictures // per_cluster) % 2 == 0, rng.normal(0, 1, pictures // per_cluster)
    score = truth * 2.0 + noise
    return Cases(truth[cluster], cluster % 5, cluster), score[cluster]


def test_the_interval_is_nearly_the_board_s_and_its_middle_the_number_that_ranks():
    cases, score = answers(1200, per_cluster=1)
    value, low, high = auc.with_interval(cases, score, seed=29)
    draws = intervals.bootstrap_auc(cases, score[None], draws=2000, seed=29)
    assert value == within_fold_auc(cases, score)
    assert [[low], [high]] == [
        pytest.approx(bound, abs=0.003) for bound in intervals.percentile_interval(draws, 0.95)
    ]


def test_four_pictures_of_one_car_are_no_more_evidence_than_one():
    alone = auc.with_interval(*answers(300, per_cluster=1), seed=29)
    fourfold = auc.with_interval(*answers(1200, per_cluster=4), seed=29)
    assert fourfold[2] - fourfold[1] == pytest.approx(alone[2] - alone[1], rel=0.1)


def test_the_same_seed_gives_the_same_interval():
    assert auc.with_interval(*answers(300, 1), seed=1) == auc.with_interval(*answers(300, 1), seed=1)
    assert auc.with_interval(*answers(300, 1), seed=1) != auc.with_interval(*answers(300, 1), seed=2)
