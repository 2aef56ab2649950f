"""A small real scorer for tests of what stands around scorers: it looks for words.

Comes in: posts. Goes out: scores by the share of words that are on a list of three. Always holds:
it flags from half a point on and abstains of what is not marked English or Arabic.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pytest

from tocsin.nlp import AccountPosts, AccountScore, Harm, PostScore, PostText, Role
from tocsin.nlp.trained import TRAINED_ON_FILE, TrainedOn

__all__ = ["KeywordAccounts", "KeywordScorer", "model_folder", "use_keywords"]

WORDS: Final = {
    Harm.SUPPORT: ("glory", "dawn", "join"),
    Harm.INCITEMENT: ("attack", "burn", "go"),
    Harm.THREAT: ("kill", "burn", "regret"),
}
SPOKEN: Final = ("en", "ar", "")


class KeywordScorer:
    """Scores by words."""

    version = "keywords-1"

    def score(self, posts: Sequence[PostText]) -> list[PostScore]:
        """One score per post."""
        return [self._score(post) for post in posts]

    def _score(self, post: PostText) -> PostScore:
        abstains = post.language not in SPOKEN
        words = post.text.lower().split()
        scores = {
            harm.value: 0.0 if abstains else sum(word in words for word in listed) / len(listed)
            for harm, listed in WORDS.items()
        }
        return PostScore(
            id=post.id,
            scores=scores,
            role=Role.OWN_VOICE.value,
            flag=max(scores.values()) > 0.5,
            spans=[],
            language=post.language or "en",
            abstained=abstains,
            note="no words of this language" if abstains else "",
        )


class KeywordAccounts:
    """Scores accounts by the mean of their posts."""

    version = "keywords-1"

    def score(self, accounts: Sequence[AccountPosts]) -> list[AccountScore]:
        """One score per account."""
        return [self._score(account) for account in accounts]

    def _score(self, account: AccountPosts) -> AccountScore:
        found = [one for one in KeywordScorer().score(account.posts) if not one.abstained]
        values = [one.scores[Harm.SUPPORT.value] for one in found]
        mean = sum(values) / len(values) if values else 0.0
        return AccountScore(
            id=account.id,
            scores={Harm.SUPPORT.value: mean},
            flag=mean > 0.5,
            posts=[one.id for one in found if one.scores[Harm.SUPPORT.value] > 0],
            abstained=not values,
        )


def model_folder(folder: Path, trained_on: Iterable[tuple[str, str]] = ()) -> Path:
    """What of a model's folder an evaluation reads: the card, and what was trained on."""
    folder.mkdir(parents=True, exist_ok=True)
    trained = list(trained_on)
    TrainedOn.of(trained).write(folder / TRAINED_ON_FILE)
    card = {"data": {"sets": {name: {"posts": 1} for name, _ in trained}}}
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def use_keywords(
    monkeypatch: pytest.MonkeyPatch, folder: Path, trained_on: Iterable[tuple[str, str]] = ()
) -> None:
    """Let commands use the scorer of words in place of the models that ship."""
    made = model_folder(folder, trained_on)
    place = "tocsin.nlp.starter"
    monkeypatch.setattr(f"{place}.starter_folder", lambda: made)
    monkeypatch.setattr(f"{place}.load_scorer", lambda _: KeywordScorer())
    monkeypatch.setattr(f"{place}.load_account_scorer", lambda _: KeywordAccounts())
