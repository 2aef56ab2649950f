"""Fitting the scores of accounts.

Comes in: cross-validated log odds of training posts. Goes out: the weights of an account's summary
and its threshold. Always holds: accounts are cut into pieces of at most ten posts, as they will be
scored; a piece counts so that each account counts alike. Refused: too few accounts.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from tocsin.errors import InputError
from tocsin.nlp.accounts import MIN_POSTS, account_summary
from tocsin.nlp.posts import MAX_ACCOUNT_POSTS
from tocsin.nlp.weights import Floats
from tocsin.training.fit import logistic
from tocsin.training.posts import TrainingPost

__all__ = ["FittedAccounts", "fit_accounts"]

MIN_ACCOUNTS: Final = 5
_STRENGTH: Final = 1.0
_FALSE_SHARE: Final = 0.01
_MAX_PIECES: Final = 12  # of one account: a loud one must not outweigh the others


class FittedAccounts(NamedTuple):
    """Weights of `nlp.accounts.ACCOUNT_FEATURES`, the review threshold, and how many there were."""

    weights: Floats
    threshold: float
    n_supporting: int
    n_others: int


class _Piece(NamedTuple):
    summary: Floats
    supports: bool
    weight: float


def fit_accounts(logits: Floats, posts: Sequence[TrainingPost]) -> FittedAccounts:
    """Fit on the accounts of sets that name accounts.

    Raises:
        InputError: fewer than five accounts support a group.
    """
    rows: dict[str, list[int]] = defaultdict(list)
    for row, post in enumerate(posts):
        if post.has_account:
            rows[post.fold_key].append(row)
    pieces = [piece for key in sorted(rows) for piece in _pieces(rows[key], logits, posts)]
    if len(pieces) < 2 * MIN_ACCOUNTS or all(piece.supports for piece in pieces):
        raise InputError(
            "too few accounts to learn the scoring of accounts from",
            hint=f"at least {MIN_ACCOUNTS} that support a group and as many that do not,"
            f" of {MIN_POSTS} posts or more each",
        )
    supports = np.array([piece.supports for piece in pieces])
    summaries = np.stack([piece.summary for piece in pieces])
    counts = np.array([piece.weight for piece in pieces], np.float32)
    counts[supports] *= np.sum(counts[~supports]) / max(np.sum(counts[supports]), 1e-9) / 10
    column, bias = logistic(summaries[:, 1:], supports, counts, _STRENGTH, "account")
    weights = np.concatenate([[bias], column]).astype(np.float32)
    others = (summaries @ weights)[~supports]
    return FittedAccounts(
        weights,
        round(float(np.quantile(others, 1 - _FALSE_SHARE)), 4),
        sum(posts[found[0]].targets["affinity"].is_true for found in rows.values()),
        sum(not posts[found[0]].targets["affinity"].is_true for found in rows.values()),
    )


def _pieces(rows: Sequence[int], logits: Floats, posts: Sequence[TrainingPost]) -> Iterator[_Piece]:
    """The pieces of one account, in an order that depends on nothing but the posts' ids."""
    ordered = sorted(rows, key=lambda row: hashlib.sha256(posts[row].post.id.encode()).digest())
    supports = posts[rows[0]].targets["affinity"].is_true
    cuts = range(0, len(ordered), MAX_ACCOUNT_POSTS)
    found = [ordered[cut : cut + MAX_ACCOUNT_POSTS] for cut in cuts][:_MAX_PIECES]
    found = [piece for piece in found if len(piece) >= MIN_POSTS]
    for piece in found:
        yield _Piece(account_summary(logits[piece]), supports, 1 / len(found))
