"""Fitting the layers, so that no layer learns from another's memory.

Comes in: inputs of training posts and their targets. Goes out: heads, and for every post the log
odds that it would have had, had its fold not been trained on. Always holds: the folds depend on
names alone; what the second layer and the calibration are fitted on is cross-validated output of
the first (stacked generalisation, Wolpert 1992); the same input gives the same numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tocsin.errors import InputError
from tocsin.nlp.hashed import BITS, Grams
from tocsin.nlp.types import Harm
from tocsin.nlp.weights import OUTPUTS, Floats, Head
from tocsin.training.posts import TrainingPost

__all__ = [
    "FOLDS",
    "FittedGrams",
    "Targets",
    "fit_grams",
    "fit_head",
    "fit_wide",
    "folds_of",
    "is_enough",
    "logistic",
    "targets_of",
]

FOLDS: Final = 4

GRAM_STRENGTH: Final = 20.0
"""Inverse of the L2 penalty of the n-grams (`C` of LogisticRegression); their inputs are small."""

HEAD_STRENGTH: Final = 0.01
"""The same for the heads, whose inputs have a spread of about one."""

WIDE_STRENGTH: Final = 0.002
"""Of the third layer, which has fewer posts to learn from."""

DOMAIN_SCALE: Final = 20.0
"""Of the inputs that stand for domains: large, so that their weights are hardly held back."""

_MAX_STEPS: Final = 600
_TOLERANCE: Final = 1e-4
_MIN_POSITIVES: Final = 5
_DIGITS: Final = 6  # finer differences are noise of the machine's floating point

Folds = npt.NDArray[np.int64]
Fit = Callable[[Any, npt.NDArray[np.bool_], Floats], tuple[Floats, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """(posts, outputs): what is true, and how much it counts; `domains`: (posts, domains).

    Domains differ in how much of a harm they hold, and in everything else. Each has a bias of its
    own while the weights are fitted, which is then left out: what is learnt is what tells posts of
    one domain apart, not the domains.
    """

    truths: npt.NDArray[np.bool_]
    weights: Floats
    domains: Floats

    def of(self, rows: npt.NDArray[np.int64]) -> Targets:
        """Those of some posts."""
        return Targets(self.truths[rows], self.weights[rows], self.domains[rows])


@dataclass(frozen=True, slots=True, eq=False)
class FittedGrams:
    """The table of n-gram weights with its bias, and the cross-validated sums of every post."""

    weights: Floats
    bias: Floats
    held_out_sums: Floats


def folds_of(posts: Sequence[TrainingPost]) -> Folds:
    """The fold of each post: accounts stay together."""
    digests = (hashlib.sha256(post.fold_key.encode()).digest() for post in posts)
    return np.array([int.from_bytes(digest[8:16], "big") % FOLDS for digest in digests])


def targets_of(posts: Sequence[TrainingPost]) -> Targets:
    """The targets as arrays."""
    names = sorted({post.domain for post in posts})
    wanted = [[post.targets[name] for name in OUTPUTS] for post in posts]
    return Targets(
        np.array([[one.is_true for one in row] for row in wanted], bool),
        np.array([[one.weight for one in row] for row in wanted], np.float32),
        np.array([[post.domain == name for name in names] for post in posts], np.float32),
    )


def fit_grams(
    grams: Grams, targets: Targets, folds: Folds, step: Callable[[], None]
) -> FittedGrams:
    """The n-gram table, and what each post gets from a table that has not seen its fold."""
    used = np.unique(grams.places)  # others have no weight: leaving them out saves most steps
    matrix = _with_domains(_sparse(grams, used), targets.domains)
    held_out = np.zeros((len(folds), len(OUTPUTS)), np.float32)
    columns, biases = [], []
    n_domains = targets.domains.shape[1]
    for place, name in enumerate(OUTPUTS):
        truths, weights = targets.truths[:, place], targets.weights[:, place]
        for fold in range(FOLDS):
            kept = folds != fold
            column, bias = logistic(matrix, truths, weights * kept, GRAM_STRENGTH, name, n_domains)
            held_out[~kept, place] = matrix[~kept][:, : len(column)] @ column + bias
            step()
        column, bias = logistic(matrix, truths, weights, GRAM_STRENGTH, name, n_domains)
        whole = np.zeros(1 << BITS, np.float32)
        whole[used] = column.astype(np.float16)  # as it will be kept
        columns.append(whole)
        biases.append(bias)
        step()
    return FittedGrams(np.stack(columns, axis=1), np.array(biases, np.float32), held_out)


def fit_head(
    inputs: Floats,
    targets: Targets,
    folds: Folds,
    outputs: Sequence[str] = OUTPUTS,
    strength: float = HEAD_STRENGTH,
) -> tuple[Head, Floats]:
    """A calibrated head, and the log odds of each post from a head that has not seen its fold.

    `outputs`: the first ones of `OUTPUTS`.
    """
    with_domains = np.hstack([inputs, targets.domains * DOMAIN_SCALE])
    held_out = np.zeros((len(folds), len(outputs)), np.float32)
    weights, biases, scales, shifts = [], [], [], []
    n_domains = targets.domains.shape[1]
    for place, name in enumerate(outputs):
        truths, counts = targets.truths[:, place], targets.weights[:, place]
        for fold in range(FOLDS):
            kept = folds != fold
            column, bias = logistic(with_domains, truths, counts * kept, strength, name, n_domains)
            held_out[~kept, place] = inputs[~kept] @ column + bias
        scale, shift = _platt(held_out[:, place], truths, counts, name)
        held_out[:, place] = scale * held_out[:, place] + shift
        column, bias = logistic(with_domains, truths, counts, strength, name, n_domains)
        weights.append(column)
        biases.append(bias)
        scales.append(scale)
        shifts.append(shift)
    parts = (np.array(part, np.float32) for part in (biases, scales, shifts))
    return Head(np.stack(weights, axis=1), *parts), held_out


def is_enough(targets: Targets, folds: Folds) -> bool:
    """Whether each harm is judged often enough, both ways, whichever fold is left out."""
    for place, _ in enumerate(Harm):
        truths, known = targets.truths[:, place], targets.weights[:, place] > 0
        for fold in range(FOLDS):
            kept = known & (folds != fold)
            if min(np.count_nonzero(truths & kept), np.count_nonzero(~truths & kept)) < (
                _MIN_POSITIVES
            ):
                return False
    return True


def fit_wide(inputs: Floats, wide: Floats, targets: Targets, folds: Folds) -> tuple[Head, Floats]:
    """The third layer: a head over `inputs` and `wide` vectors as their source gives them.

    These vectors all lie close together, so they are centred and spread here; the head that is
    given back does that by itself.
    """
    names = [harm.value for harm in Harm]
    mean, spread = wide.mean(axis=0), np.maximum(wide.std(axis=0), 1e-6)
    stacked = np.hstack([inputs, (wide - mean) / spread])
    head, held_out = fit_head(stacked, targets, folds, names, WIDE_STRENGTH)
    weights = head.weights.copy()
    weights[inputs.shape[1] :] /= spread[:, None]
    bias = head.bias - mean @ weights[inputs.shape[1] :]
    return Head(weights, bias.astype(np.float32), head.scale, head.shift), held_out


def _sparse(grams: Grams, used: npt.NDArray[np.int64]) -> Any:
    """The grams as a matrix (posts, used): each n-gram counts, over the root of how many."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415  # of the extra `train`

    counts = np.diff(grams.starts)
    values = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts).astype(np.float32)
    columns = np.searchsorted(used, grams.places).astype(np.int32)
    matrix = csr_matrix((values, columns, grams.starts), shape=(len(counts), len(used)))
    matrix.sum_duplicates()
    return matrix


def _with_domains(matrix: Any, domains: Floats) -> Any:
    from scipy.sparse import csr_matrix, hstack  # noqa: PLC0415  # of the extra `train`

    return hstack([matrix, csr_matrix(domains * DOMAIN_SCALE)]).tocsr()


def _platt(
    logits: Floats, truths: npt.NDArray[np.bool_], weights: Floats, name: str
) -> tuple[float, float]:
    """Scale and shift that make log odds of these scores (Platt 1999), of cross-validated ones."""
    column, bias = logistic(logits[:, None], truths, weights, 1e3, name)
    return float(column[0]), bias


def logistic(
    inputs: Any,
    truths: npt.NDArray[np.bool_],
    weights: Floats,
    strength: float,
    name: str,
    n_domains: int = 0,
) -> tuple[Floats, float]:
    """Weights and bias of one logistic regression over the posts that count.

    The last `n_domains` inputs are the domains, whose weights are left out of the answer.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # of the extra `train`

    rows = np.flatnonzero(weights > 0)
    if min(np.count_nonzero(truths[rows]), np.count_nonzero(~truths[rows])) < _MIN_POSITIVES:
        raise InputError(
            f"too few posts to learn `{name}` from",
            hint=f"at least {_MIN_POSITIVES} posts in each fold must be judged to hold it",
        )
    model = LogisticRegression(C=strength, max_iter=_MAX_STEPS, tol=_TOLERANCE)
    model.fit(inputs[rows], truths[rows], sample_weight=weights[rows])
    found = model.coef_[0]
    column = np.round(found[: len(found) - n_domains], _DIGITS).astype(np.float32)
    return column, round(float(model.intercept_[0]), _DIGITS)
