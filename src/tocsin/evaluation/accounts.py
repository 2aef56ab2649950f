"""Accounts, each by at most ten of its posts.

Comes in: the posts of the evaluation. Goes out: accounts with what was judged of them, and the
rows of the table. Always holds: of each account its newest posts, newest last (in the order of the
source where there are no times); a row compares accounts that somebody judged to support a group
with accounts of one kind of traffic; abstaining finds nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tocsin.evaluation.figures import AccountRow
from tocsin.evaluation.labels import GroupKind
from tocsin.evaluation.measure import ALL_TIME, LATER, Scores, figures_of
from tocsin.evaluation.scored import Bools, Contender, Surface, score_accounts
from tocsin.evaluation.sets import Example
from tocsin.evaluation.split import later_starts
from tocsin.evaluation.surface import plain_post
from tocsin.nlp import AccountPosts, Harm
from tocsin.nlp.posts import MAX_ACCOUNT_POSTS

__all__ = ["JudgedAccount", "account_rows", "accounts_of"]

_AGAINST: Final = {
    GroupKind.SPARED: "accounts of traffic that must not be flagged",
    GroupKind.ORDINARY: "ordinary accounts",
}
_JUDGED: Final = "accounts judged not to support"
_MIN_POSTS: Final = (1, 3)
_MIN_ACCOUNTS: Final = 5
_MIN_OTHERS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAccount:
    """An account with its newest posts: `kinds` are those of its posts' groups."""

    posts: AccountPosts
    supports: bool | None
    kinds: frozenset[GroupKind]


def accounts_of(examples: Sequence[Example]) -> list[JudgedAccount]:
    """The accounts of these posts, where the sets have accounts."""
    found: dict[tuple[str, str], list[Example]] = {}
    for example in examples:
        if example.has_account:
            found.setdefault((example.data_set, example.account), []).append(example)
    return [_account(key, posts) for key, posts in found.items()]


def _account(key: tuple[str, str], examples: list[Example]) -> JudgedAccount:
    newest = sorted(examples, key=lambda one: one.at or 0.0)[-MAX_ACCOUNT_POSTS:]
    said = {one.truth.account_supports for one in examples}
    return JudgedAccount(
        posts=AccountPosts(id="/".join(key), posts=tuple(one.post for one in newest)),
        supports=True if True in said else False if False in said else None,
        kinds=frozenset(group.kind for one in examples for group in one.truth.groups),
    )


def account_rows(
    examples: Sequence[Example],
    contenders: Sequence[Contender],
    on_done: Callable[[int], object] = int,
) -> list[AccountRow]:
    """Supporting accounts against others; no row where there are too few on a side."""
    rows: list[AccountRow] = []
    starts = later_starts(examples)
    later = [e for e in examples if e.at is not None and e.at >= starts[e.data_set]]
    for period, chosen in ((ALL_TIME, examples), (LATER, later)):
        accounts = accounts_of(chosen)
        if sum(one.supports is True for one in accounts) < _MIN_ACCOUNTS:
            continue
        rows += _rows(period, accounts, _scored(accounts, contenders, on_done))
    return rows


def _scored(
    accounts: Sequence[JudgedAccount],
    contenders: Sequence[Contender],
    on_done: Callable[[int], object],
) -> Scores:
    written = [one.posts for one in accounts]
    plain = [
        AccountPosts(id=one.id, posts=tuple(plain_post(post) for post in one.posts))
        for one in written
    ]
    shown = {Surface.AS_WRITTEN: written, Surface.REMOVED: plain}
    return {
        (contender.name, surface): score_accounts(scorer, shown[surface], on_done)
        for contender in contenders
        for surface, scorer in contender.accounts.items()
    }


def _rows(period: str, accounts: Sequence[JudgedAccount], scores: Scores) -> Iterator[AccountRow]:
    n_posts = np.array([len(one.posts.posts) for one in accounts])
    supporting = np.array([one.supports is True for one in accounts], dtype=bool)
    for min_posts in _MIN_POSTS:
        for against, others in _others(accounts).items():
            enough = n_posts >= min_posts
            parts = supporting & enough, others & enough
            n_positive, n_negative = (int(np.count_nonzero(part)) for part in parts)
            if n_positive < _MIN_ACCOUNTS or n_negative < _MIN_OTHERS:
                continue
            for surface in dict.fromkeys(surface for _, surface in scores):
                yield AccountRow(
                    against=against,
                    period=period,
                    surface=surface.value,
                    min_posts=min_posts,
                    n_positive=n_positive,
                    n_negative=n_negative,
                    figures={
                        name: figures_of(scored, Harm.SUPPORT, parts)
                        for (name, of), scored in scores.items()
                        if of is surface
                    },
                )


def _others(accounts: Sequence[JudgedAccount]) -> Mapping[str, Bools]:
    def where(holds: Callable[[JudgedAccount], bool]) -> Bools:
        return np.array([one.supports is not True and holds(one) for one in accounts], dtype=bool)

    found = {
        name: where(lambda one, kind=kind: kind in one.kinds)  # type: ignore[misc]  # bound early
        for kind, name in _AGAINST.items()
    }
    found[_JUDGED] = where(lambda one: one.supports is False)
    return found
