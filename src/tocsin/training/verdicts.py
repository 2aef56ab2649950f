"""A platform's own verdicts as examples to train on, and to evaluate on.

Comes in: posts that people judged (`tocsin.pipeline.judged`). Goes out: `Example`s of the set
`verdicts`. Always holds: what is judged of the post and what is judged of its account stay apart;
a post that serves a protected purpose, and breaks nothing, belongs to a group that must not be
flagged; an account that nobody judged as a whole teaches nothing about accounts. Refused: nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tocsin.evaluation.labels import truth_of
from tocsin.evaluation.sets import Example
from tocsin.nlp.posts import text_of_event
from tocsin.pipeline.judged import JudgedEvent
from tocsin.records import account_key
from tocsin.training.posts import VERDICT_SET

__all__ = ["examples_of"]


def examples_of(judged: Iterable[JudgedEvent]) -> Iterator[Example]:
    """One example per judged post that has words."""
    for one in judged:
        post = text_of_event(one.event)
        if post is None or not post.text.strip():
            continue
        truth = truth_of(_label(one))
        account = account_key(one.event.actor)
        yield Example(
            post=post,
            data_set=VERDICT_SET,
            account=account or post.id,
            has_account=account is not None and one.account_supports is not None,
            at=None if one.event.at is None else one.event.at.timestamp(),
            truth=truth,
            source_harms=truth.harms,
        )


def _label(judged: JudgedEvent) -> dict[str, Any]:
    """The label that the post would have in a file of our own format."""
    label: dict[str, Any] = {harm.value: is_there for harm, is_there in judged.harms.items()}
    if judged.account_supports is not None:
        label["account_supports"] = judged.account_supports
    if judged.purpose != "none" and not any(judged.harms.values()):
        label["group"] = f"protected purpose: {judged.purpose.replace('_', ' ')}"
    return label
