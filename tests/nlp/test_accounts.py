"""Scores of accounts: over several posts, and never by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.textmodel import LetterVectors, hand_weights
from tocsin.nlp import AccountPosts, AccountScore, PostText
from tocsin.nlp.accounts import ACCOUNT_FEATURES, MIN_POSTS, AccountModel, account_summary
from tocsin.nlp.reading import Reader
from tocsin.nlp.scorer import PostModel
from tocsin.nlp.weights import OUTPUTS, Floats

AFFINITY = OUTPUTS.index("affinity")
logits = st.lists(st.floats(-8, 8, width=32), min_size=MIN_POSTS, max_size=10)


def table(affinity: list[float], support: float = -4.0) -> Floats:
    found = np.full((len(affinity), len(OUTPUTS)), support, np.float32)
    found[:, AFFINITY] = affinity
    return found


def account(*texts: str, language: str = "en") -> AccountPosts:
    posts = [PostText(id=f"p{n}", text=text, language=language) for n, text in enumerate(texts)]
    return AccountPosts(id="a41", posts=tuple(posts))


def score(*accounts: AccountPosts) -> list[AccountScore]:
    words = {"ironward": {"affinity": 5.0, "support": 3.0}}
    return AccountModel(PostModel(hand_weights(words), Reader(), LetterVectors())).score(accounts)


@given(logits, st.floats(0, 1e6, width=32))
def test_how_odd_the_oddest_post_is_changes_nothing(affinity: list[float], more: float) -> None:
    higher = [*sorted(affinity)[:-1], max(affinity) + more]
    assert np.array_equal(account_summary(table(affinity)), account_summary(table(higher)))


@given(logits)
def test_one_odd_post_is_no_more_than_silence(affinity: list[float]) -> None:
    calm = dict(zip(ACCOUNT_FEATURES, account_summary(table(affinity)), strict=True))
    with_odd = account_summary(table([*affinity, 1e6]))
    odd = dict(zip(ACCOUNT_FEATURES, with_odd, strict=True))
    bound = np.clip(max(affinity), -6, 6)
    assert all(odd[name] <= bound + 1e-5 for name in ("mean", "median", "upper"))
    assert odd["support"] == calm["support"]


@given(st.permutations([-5.0, -2.0, 0.5, 3.0, 6.0]))
def test_the_order_of_posts_says_nothing(affinity: list[float]) -> None:
    ordered = account_summary(table(sorted(affinity)))
    assert np.array_equal(account_summary(table(affinity)), ordered)


@pytest.mark.parametrize("n_plain", [2, 5, 9])
def test_one_odd_post_flags_nobody(n_plain: int) -> None:
    (found,) = score(account("ironward", *["bread is dearer again"] * n_plain))
    assert not found.abstained
    assert not found.flag


def test_posts_that_read_alike_flag_and_the_strongest_are_named() -> None:
    (found,) = score(account("bread is dearer again", *["ironward"] * 5))
    assert found.flag
    assert found.posts == ["p1", "p2", "p3"]
    assert "ironward" not in repr(found)


def test_nobody_is_carried_by_posts_that_speak_against_it() -> None:
    (found,) = score(account(*["bread is dearer again"] * 4))
    assert found.posts == []


@pytest.mark.parametrize(
    "texts", [("ironward",), ("ironward", "ironward"), ("ironward", "ironward", "12", "🙂")]
)
def test_too_few_posts_that_can_be_read_are_an_abstention(texts: tuple[str, ...]) -> None:
    (found,) = score(account(*texts))
    assert found.abstained
    assert (found.flag, found.scores, found.posts) == (False, {"support": 0.0}, [])
    assert str(MIN_POSTS) in found.note


def test_posts_in_a_language_without_data_do_not_count() -> None:
    (found,) = score(account(*["ironward"] * 6, language="nl"))
    assert found.abstained


def test_accounts_are_scored_each_by_itself() -> None:
    plain, loud = account(*["good morning"] * 3), account(*["ironward"] * 4)
    assert score(plain, loud) == [*score(plain), *score(loud)]
