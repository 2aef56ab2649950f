"""Figures of a ranking, by hand and beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from tocsin.evaluation.metrics import (
    ABSTAINED,
    Array,
    auc,
    average_precision,
    brier,
    calibration_bins,
    calibration_error,
    precision_points,
    recall_at,
    roc_points,
)


def scores(*values: float) -> Array:
    return np.array(values, dtype=np.float64)


def drawn(seed: int, n: int, digits: int) -> tuple[Array, Array]:
    chance = np.random.default_rng(seed)
    positives = np.round(chance.beta(3, 2, n), digits)
    return positives, np.round(chance.beta(2, 4, 7 * n), digits)


@pytest.mark.parametrize("digits", [1, 2, 8])
@pytest.mark.parametrize("seed", range(5))
def test_ranking_figures_are_those_of_scikit_learn(seed: int, digits: int) -> None:
    positives, negatives = drawn(seed, 40, digits)
    truths = np.r_[np.ones(len(positives)), np.zeros(len(negatives))]
    both = np.r_[positives, negatives]
    assert auc(positives, negatives) == pytest.approx(roc_auc_score(truths, both))
    assert average_precision(positives, negatives) == pytest.approx(
        average_precision_score(truths, both)
    )
    assert brier(both, truths) == pytest.approx(brier_score_loss(truths, both))


def test_a_random_order_has_the_base_rate_as_average_precision() -> None:
    assert average_precision(scores(*[0.5] * 3), scores(*[0.5] * 9)) == pytest.approx(0.25)
    assert auc(scores(0.5), scores(0.5, 0.5)) == 0.5


def test_recall_at_a_share_of_false_positives_by_hand() -> None:
    negatives = scores(*(number / 1000 for number in range(1000)))
    found = recall_at(scores(0.9995, 0.995, 0.99, 0.98, 0.2), negatives, 0.01)
    assert found is not None
    assert (found.threshold, found.n_found, found.recall) == (0.989, 3, 0.6)
    strict = recall_at(scores(0.9995, 0.9985, 0.99), negatives, 0.001)
    assert strict is not None
    assert (strict.threshold, strict.n_found, strict.is_coarse) == (0.998, 2, False)


def test_scores_that_are_equal_to_the_threshold_are_not_found() -> None:
    found = recall_at(scores(0.7, 0.7, 0.8), scores(*[0.7] * 5, *[0.1] * 95), 0.01)
    assert found is not None
    assert (found.threshold, found.n_found) == (0.7, 1)


def test_too_few_negatives_for_a_share_are_said_to_be_too_few() -> None:
    found = recall_at(scores(0.9, 0.3), scores(0.5, 0.1), 0.01)
    assert found is not None
    assert (found.n_found, found.threshold, found.is_coarse) == (1, 0.5, True)


def test_abstaining_never_finds() -> None:
    found = recall_at(scores(ABSTAINED, ABSTAINED, 0.4), scores(*[ABSTAINED] * 200), 0.01)
    assert found is not None
    assert found.n_found == 1
    assert auc(scores(ABSTAINED), scores(0.0)) == 0.0


def test_a_side_without_posts_has_no_figure() -> None:
    none = scores()
    assert auc(none, scores(0.1)) is None
    assert average_precision(scores(0.1), none) is None
    assert recall_at(none, scores(0.1), 0.01) is None
    assert brier(none, none) is None
    assert calibration_error(none, none) is None


def test_calibration_by_hand() -> None:
    said, true = scores(0.05, 0.15, 0.15, 0.95, 1.0), scores(0, 0, 1, 1, 1)
    assert [(one.n, round(one.mean, 3), one.share) for one in calibration_bins(said, true)] == [
        (1, 0.05, 0.0),
        (2, 0.15, 0.5),
        (2, 0.975, 1.0),
    ]
    assert calibration_error(said, true) == pytest.approx((0.05 + 2 * 0.35 + 2 * 0.025) / 5)


def test_curves_run_from_the_highest_score_down() -> None:
    recall, precision = precision_points(scores(0.9, 0.5), scores(0.7, 0.1))
    assert recall.tolist() == [0.5, 0.5, 1.0, 1.0]
    assert precision.tolist() == [1.0, 0.5, pytest.approx(2 / 3), 0.5]
    wrong, found = roc_points(scores(0.9, 0.5), scores(0.7, 0.1))
    assert wrong.tolist() == [0.0, 0.0, 0.5, 0.5, 1.0]
    assert found.tolist() == [0.0, 0.5, 0.5, 1.0, 1.0]
