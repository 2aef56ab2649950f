"""Support of an account over its recent posts.

Comes in: accounts with at most ten posts. Goes out: `AccountScore`, with the posts that carry it.
Always holds: one odd post cannot make a score: the highest post of three or more is left out of
every summary; an account whose posts the models have no opinion on is an abstention. Refused:
nothing.

What is scored here is how much the posts, together, read like those of accounts that were judged
to support a group. It is a reason to look at an account, not a finding about any of its posts.
Of single posts this label would say nothing; over several it is robust (compare Roblox Sentinel,
github.com/Roblox/Sentinel, which aggregates a rare class over a user's recent posts).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from tocsin.nlp.scorer import HARMS, JudgedPost, PostModel, probability
from tocsin.nlp.types import AccountPosts, AccountScore, Harm
from tocsin.nlp.weights import OUTPUTS, Floats

__all__ = ["ACCOUNT_FEATURES", "MIN_POSTS", "AccountModel", "account_summary"]

ACCOUNT_FEATURES: Final = ("constant", "mean", "median", "upper", "support", "posts")
"""Of the affinities without the highest: mean, median, mean of the upper third; the mean of the
log odds of support without the highest; the log of how many posts there are."""

MIN_POSTS: Final = 3
_CLIP: Final = 6.0
_CARRY: Final = 3
_DIGITS: Final = 4


def account_summary(logits: Floats) -> Floats:
    """The features of an account from its posts' log odds, (posts, outputs).

    >>> account_summary(np.array([[0, 0, 0, 1], [0, 0, 0, 1], [9, 0, 0, 9]], np.float32))[:3]
    array([1., 1., 1.], dtype=float32)
    """
    clipped = np.clip(logits, -_CLIP, _CLIP)
    affinity = np.sort(clipped[:, OUTPUTS.index("affinity")])
    support = np.sort(clipped[:, OUTPUTS.index(Harm.SUPPORT.value)])
    kept = max(len(affinity) - (len(affinity) >= MIN_POSTS), 1)
    affinity, support = affinity[:kept], support[:kept]
    upper = affinity[-max(kept // 3, 1) :]
    return np.array(
        [
            1.0,
            affinity.mean(),
            np.median(affinity),
            upper.mean(),
            support.mean(),
            np.log(len(logits)),
        ],
        np.float32,
    )


class AccountModel:
    """Scores accounts with the model of single posts."""

    def __init__(self, posts: PostModel) -> None:
        self.version = posts.version
        self._posts = posts
        self._weights = posts.weights.account
        self._threshold = float(posts.weights.card["thresholds"]["account"])

    def score(self, accounts: Sequence[AccountPosts]) -> list[AccountScore]:
        """One score per account, in order."""
        texts = [post for account in accounts for post in account.posts]
        judged = iter(self._posts.judge(texts, for_account=True))
        return [
            self._score(account.id, [next(judged) for _ in account.posts]) for account in accounts
        ]

    def _score(self, account: str, judged: Sequence[JudgedPost]) -> AccountScore:
        usable = [post for post in judged if not post.abstained]
        if len(usable) < MIN_POSTS:
            return AccountScore(
                id=account,
                scores={Harm.SUPPORT.value: 0.0},
                flag=False,
                posts=[],
                abstained=True,
                note=f"{len(usable)} posts that can be read, {MIN_POSTS} are needed",
            )
        logit = float(account_summary(np.stack([one.logits for one in usable])) @ self._weights)
        return AccountScore(
            id=account,
            scores={Harm.SUPPORT.value: round(float(probability(logit)), _DIGITS)},
            flag=logit >= self._threshold,
            posts=_carrying(usable),
        )


def _carrying(posts: Sequence[JudgedPost]) -> list[str]:
    """The posts with the highest affinity, where it speaks for support at all."""
    place, support = OUTPUTS.index("affinity"), HARMS.index(Harm.SUPPORT)
    ranked = sorted(posts, key=lambda post: (-post.logits[place], -post.logits[support], post.id))
    return [post.id for post in ranked[:_CARRY] if post.logits[place] > 0]
