"""The naive baseline: words and letters counted, and one logistic regression for each harm.

Comes in: the training part of the data. Goes out: a scorer with the same face as our own. Always
holds: trained in the run that it is compared in, on the same training part, and never on a test
suite; equal data gives equal figures; it takes the label of an account for that of its posts,
as the literature does, which is what it is here to show. Its flag is the threshold that 1 % of its
own negatives exceed, measured on accounts that its weights have not seen. A harm with too few
examples has no score. Refused: to run without scikit-learn (the extra `train`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tocsin.errors import InputError
from tocsin.evaluation.metrics import Array
from tocsin.evaluation.sets import Example
from tocsin.evaluation.surface import plain_post
from tocsin.nlp import AccountPosts, AccountScore, Harm, PostScore, PostText, Role
from tocsin.nlp.split import HELD_OUT_SHARE, held_out_fraction

__all__ = ["NaiveAccounts", "NaiveModel", "train_naive"]

_CHOOSING_SHARE: Final = 0.1
"""Accounts next to the held-out ones, on which the threshold is chosen."""
_FALSE_POSITIVES: Final = 0.01
_MAX_PER_SET: Final = 8_000
_MIN_POSITIVES: Final = 20


@dataclass(slots=True, kw_only=True)
class NaiveModel:
    """A trained baseline: weights of each harm over shared counts, and its threshold."""

    features: Any
    heads: Mapping[Harm, Any]
    thresholds: Mapping[Harm, float]
    version: str = "naive"

    def probabilities(self, posts: Sequence[PostText]) -> dict[Harm, Array]:
        """For each harm the probability of each post."""
        if not posts or not self.heads:
            return {harm: np.zeros(len(posts)) for harm in self.heads}
        counts = self.features.transform([post.text for post in posts])
        return {harm: head.predict_proba(counts)[:, 1] for harm, head in self.heads.items()}

    def score(self, posts: Sequence[PostText]) -> list[PostScore]:
        """One score per post; it never abstains where it has a head, for nothing tells it to."""
        found = self.probabilities(posts)
        return [
            PostScore(
                id=post.id,
                scores={harm.value: float(values[index]) for harm, values in found.items()},
                role=Role.OWN_VOICE.value,
                flag=any(found[harm][index] > self.thresholds[harm] for harm in found),
                spans=[],
                language=post.language,
                abstained=not self.heads,
            )
            for index, post in enumerate(posts)
        ]


@dataclass(slots=True, kw_only=True)
class NaiveAccounts:
    """Accounts by the mean of their posts."""

    model: NaiveModel
    version: str = "naive"

    def score(self, accounts: Sequence[AccountPosts]) -> list[AccountScore]:
        """One score per account."""
        posts = [post for account in accounts for post in account.posts]
        values = self.model.probabilities(posts).get(Harm.SUPPORT)
        found, start = [], 0
        for account in accounts:
            end = start + len(account.posts)
            mean = None if values is None else float(values[start:end].mean())
            found.append(
                AccountScore(
                    id=account.id,
                    scores={} if mean is None else {Harm.SUPPORT.value: mean},
                    flag=mean is not None and mean > self.model.thresholds[Harm.SUPPORT],
                    posts=[],
                    abstained=mean is None,
                )
            )
            start = end
        return found


def train_naive(training: Sequence[Example], *, with_surface: bool = True) -> NaiveModel:
    """Train the baseline, with or without surface cues in the text.

    Raises:
        InputError: scikit-learn is not installed.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415  # an extra
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
        from sklearn.pipeline import FeatureUnion  # noqa: PLC0415
    except ImportError:
        raise InputError(
            "the naive baseline needs scikit-learn", hint="pip install 'tocsin[train]'"
        ) from None
    chosen = _sampled(training)
    texts = [
        (example.post if with_surface else plain_post(example.post)).text for example in chosen
    ]
    features = FeatureUnion(
        [
            ("words", _counts(TfidfVectorizer, "word", (1, 2), 100_000)),
            ("letters", _counts(TfidfVectorizer, "char_wb", (2, 5), 200_000)),
        ]
    )
    choosing = np.array([_is_choosing(example) for example in chosen], dtype=bool)
    heads: dict[Harm, Any] = {}
    thresholds: dict[Harm, float] = {}
    labels = {harm: np.array([_is_positive(e, harm) for e in chosen], dtype=bool) for harm in Harm}
    enough = [h for h in Harm if np.count_nonzero(labels[h] & ~choosing) >= _MIN_POSITIVES]
    if enough:
        fitted = [
            text for text, is_choosing in zip(texts, choosing, strict=True) if not is_choosing
        ]
        features.fit(fitted)
        counts = features.transform(texts)
        for harm in enough:
            head = LogisticRegression(C=10.0, solver="liblinear", tol=1e-3, random_state=0)
            head.fit(counts[~choosing], labels[harm][~choosing])
            heads[harm] = head
            others = choosing & ~labels[harm]
            thresholds[harm] = _threshold(head, counts[others])
    return NaiveModel(features=features, heads=heads, thresholds=thresholds)


def _counts(make: Any, analyzer: str, sizes: tuple[int, int], most: int) -> Any:
    return make(
        analyzer=analyzer,
        ngram_range=sizes,
        min_df=2,
        max_features=most,
        sublinear_tf=True,
        dtype=np.float32,
    )


def _threshold(head: Any, counts: Any) -> float:
    """What so few of these negatives exceed; 0.5 where there are none to measure on."""
    if not counts.shape[0]:
        return 0.5
    ordered = np.sort(head.predict_proba(counts)[:, 1])[::-1]
    return float(ordered[int(_FALSE_POSITIVES * len(ordered))])


def _is_positive(example: Example, harm: Harm) -> bool:
    is_inherited = harm is Harm.SUPPORT and example.truth.account_supports is True
    return is_inherited or example.truth.harms.get(harm) is True


def _is_choosing(example: Example) -> bool:
    fraction = held_out_fraction(example.data_set, example.account)
    return fraction < HELD_OUT_SHARE + _CHOOSING_SHARE


def _sampled(training: Sequence[Example]) -> list[Example]:
    """At most so many of each set and kind of label, whoever comes last by hash left out."""
    by_set: dict[tuple[str, bool], list[Example]] = {}
    for example in training:
        if not example.truth.is_test_case:
            is_any = any(_is_positive(example, harm) for harm in Harm)
            by_set.setdefault((example.data_set, is_any), []).append(example)
    chosen: list[Example] = []
    for found in by_set.values():
        found.sort(key=lambda one: held_out_fraction(f"{one.data_set}/post", one.post.id))
        chosen += found[:_MAX_PER_SET]
    return chosen
