"""Figures of a ranking: what is found at how many false positives, how far to trust a score.

Comes in: scores of positives and of negatives; probabilities and what was true. Goes out: shares,
areas, thresholds, curves. Always holds: equal scores count as one step, never in favour of the
model; a post of which the model abstained has the score `ABSTAINED`, below every other, so that
abstaining finds nothing. Refused: nothing; where a side is empty there is no figure (None).

Sources: J. Davis, M. Goadrich, "The relationship between Precision-Recall and ROC curves", ICML
2006 (no interpolation between points of precision and recall); G. Brier, Monthly Weather Review 78
(1950); M. Naeini, G. Cooper, M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian
binning", AAAI 2015 (the expected calibration error).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

__all__ = [
    "ABSTAINED",
    "Array",
    "Bin",
    "RecallAt",
    "auc",
    "average_precision",
    "brier",
    "calibration_bins",
    "calibration_error",
    "precision_points",
    "recall_at",
    "roc_points",
]

Array = np.ndarray[Any, np.dtype[np.float64]]

ABSTAINED: Final = -1.0
"""The score of a post of which a model has no opinion."""

_N_BINS: Final = 10


class RecallAt(NamedTuple):
    """How much is found above a threshold that at most a share of the negatives exceeds.

    `is_coarse`: there are fewer negatives than it takes to see such a share, so that none may
    exceed the threshold.
    """

    recall: float
    n_found: int
    threshold: float
    is_coarse: bool


class Bin(NamedTuple):
    """Probabilities of about the same size: their mean, and the share that came true."""

    n: int
    mean: float
    share: float


def auc(positives: Array, negatives: Array) -> float | None:
    """The chance that a positive ranks above a negative; equal scores count half.

    >>> auc(np.array([0.9, 0.5]), np.array([0.5, 0.1]))
    0.875
    """
    if not len(positives) or not len(negatives):
        return None
    ordered = np.sort(negatives)
    below = np.searchsorted(ordered, positives, side="left")
    up_to = np.searchsorted(ordered, positives, side="right")
    return float((below + up_to).sum() / 2 / len(positives) / len(negatives))


def average_precision(positives: Array, negatives: Array) -> float | None:
    """Precision averaged over the steps of recall; the base rate for a random ranking.

    >>> round(average_precision(np.array([0.9, 0.5]), np.array([0.7, 0.1])), 4)
    0.8333
    """
    if not len(positives) or not len(negatives):
        return None
    recall, precision = precision_points(positives, negatives)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def precision_points(positives: Array, negatives: Array) -> tuple[Array, Array]:
    """Recall and precision at every threshold, from the highest score down."""
    found, wrong = _counts(positives, negatives)
    return found / max(1, len(positives)), found / (found + wrong)


def roc_points(positives: Array, negatives: Array) -> tuple[Array, Array]:
    """Share of negatives and of positives at every threshold, from (0, 0) to (1, 1)."""
    found, wrong = _counts(positives, negatives)
    start = np.zeros(1)
    return (
        np.concatenate([start, wrong / max(1, len(negatives))]),
        np.concatenate([start, found / max(1, len(positives))]),
    )


def recall_at(positives: Array, negatives: Array, share: float) -> RecallAt | None:
    """What is found where at most this share of the negatives is flagged wrongly.

    A post is found where its score lies above the threshold, and the model had an opinion.

    >>> recall_at(np.array([0.9, 0.6, 0.2]), np.arange(100) / 150, 0.01)
    RecallAt(recall=0.3333333333333333, n_found=1, threshold=0.6533333333333333, is_coarse=False)
    """
    if not len(positives) or not len(negatives):
        return None
    n_allowed = int(share * len(negatives) + 1e-9)
    ordered = np.sort(negatives)[::-1]
    # the share that lies above the first refused score is at most the one that is allowed
    threshold = float(ordered[n_allowed]) if n_allowed < len(ordered) else ABSTAINED
    threshold = max(threshold, ABSTAINED)
    n_found = int(np.count_nonzero(positives > threshold))
    return RecallAt(n_found / len(positives), n_found, threshold, len(negatives) * share < 1)


def brier(probabilities: Array, truths: Array) -> float | None:
    """The mean squared distance between probabilities and what was true (0 or 1).

    >>> round(brier(np.array([0.8, 0.4]), np.array([1.0, 0.0])), 3)
    0.1
    """
    if not len(probabilities):
        return None
    return float(np.mean((probabilities - truths) ** 2))


def calibration_bins(probabilities: Array, truths: Array) -> list[Bin]:
    """Probabilities in ten equal steps of their size; empty steps are left out."""
    steps = np.minimum((probabilities * _N_BINS).astype(np.int64), _N_BINS - 1)
    found = []
    for step in range(_N_BINS):
        inside = steps == step
        n = int(np.count_nonzero(inside))
        if n:
            mean, share = float(probabilities[inside].mean()), float(truths[inside].mean())
            found.append(Bin(n, mean, share))
    return found


def calibration_error(probabilities: Array, truths: Array) -> float | None:
    """How far, on average, what was said lies from what came true (ten steps).

    >>> round(calibration_error(np.array([0.8, 0.8]), np.array([1.0, 0.0])), 3)
    0.3
    """
    if not len(probabilities):
        return None
    bins = calibration_bins(probabilities, truths)
    return sum(one.n * abs(one.mean - one.share) for one in bins) / len(probabilities)


def _counts(positives: Array, negatives: Array) -> tuple[Array, Array]:
    """How many of each lie at or above every score that occurs, from the highest down."""
    steps = np.unique(np.concatenate([positives, negatives]))[::-1]
    found = len(positives) - np.searchsorted(np.sort(positives), steps, side="left")
    wrong = len(negatives) - np.searchsorted(np.sort(negatives), steps, side="left")
    return found.astype(np.float64), wrong.astype(np.float64)
