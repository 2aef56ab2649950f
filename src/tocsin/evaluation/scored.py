"""Scores of many posts as columns.

Comes in: posts or accounts, and who scores them. Goes out: one array for each harm. Always holds:
where a scorer abstains, or gives no score for a harm, the value is `ABSTAINED` and nothing is
flagged. Refused: a scorer whose answers are not one for each post, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

import numpy as np

from tocsin.errors import TocsinError
from tocsin.evaluation.metrics import ABSTAINED, Array
from tocsin.nlp import (
    AccountPosts,
    AccountScore,
    AccountScorer,
    Harm,
    PostScore,
    PostScorer,
    PostText,
)

__all__ = ["Bools", "Contender", "Scored", "Surface", "score_accounts", "score_posts"]

Bools = np.ndarray[Any, np.dtype[np.bool_]]

Score = TypeVar("Score", PostScore, AccountScore)

_BATCH: Final = 256


class Surface(StrEnum):
    """How the text is shown to a model."""

    AS_WRITTEN = "as written"
    REMOVED = "no surface cues"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """Who is measured: for each form of the text who scores posts, and who scores accounts."""

    name: str
    version: str
    posts: Mapping[Surface, PostScorer]
    accounts: Mapping[Surface, AccountScorer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What a scorer said of posts or accounts, in their order."""

    scores: Mapping[Harm, Array]
    flags: Bools
    abstained: Bools


def score_posts(
    scorer: PostScorer, posts: Sequence[PostText], on_done: Callable[[int], object] = int
) -> Scored:
    """Score posts in batches; `on_done` hears how many more are done."""
    found: list[PostScore] = []
    for start in range(0, len(posts), _BATCH):
        batch = posts[start : start + _BATCH]
        found += _checked(scorer.score(batch), [post.id for post in batch])
        on_done(len(batch))
    return _columns(found)


def score_accounts(
    scorer: AccountScorer,
    accounts: Sequence[AccountPosts],
    on_done: Callable[[int], object] = int,
) -> Scored:
    """Score accounts in batches, as `score_posts`."""
    found: list[AccountScore] = []
    for start in range(0, len(accounts), _BATCH):
        batch = accounts[start : start + _BATCH]
        found += _checked(scorer.score(batch), [account.id for account in batch])
        on_done(len(batch))
    return _columns(found)


def _checked(found: list[Score], ids: list[str]) -> list[Score]:
    if [one.id for one in found] != ids:
        raise TocsinError("the scorer did not answer with one score for each, in order")
    return found


def _columns(found: Sequence[PostScore | AccountScore]) -> Scored:
    abstained = np.array([one.abstained for one in found], dtype=bool)
    return Scored(
        scores={
            harm: np.array(
                [
                    ABSTAINED if one.abstained else one.scores.get(harm.value, ABSTAINED)
                    for one in found
                ],
                dtype=np.float64,
            )
            for harm in Harm
        },
        flags=np.array([one.flag and not one.abstained for one in found], dtype=bool),
        abstained=abstained,
    )
