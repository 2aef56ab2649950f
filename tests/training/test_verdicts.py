"""A platform's judged posts as examples."""

from __future__ import annotations

from typing import Any

from tocsin.evaluation import GroupKind
from tocsin.nlp import Harm
from tocsin.pipeline.judged import JudgedEvent
from tocsin.records import Event, account_key
from tocsin.testing import post_event
from tocsin.training.posts import VERDICT_SET
from tocsin.training.verdicts import examples_of


def judged(event: Event | None = None, **fields: Any) -> JudgedEvent:
    given = {"harms": {Harm.SUPPORT: False}, **fields}
    return JudgedEvent(event=event or post_event("the dawn rises"), **given)


def test_what_was_judged_is_what_the_source_says_and_no_more() -> None:
    event = post_event("the dawn rises", by="reader")
    (found,) = examples_of([judged(event, harms={Harm.THREAT: True})])
    assert dict(found.truth.harms) == dict(found.source_harms) == {Harm.THREAT: True}
    assert found.data_set == VERDICT_SET
    assert found.account == account_key(event.actor)
    assert found.truth.account_supports is None
    assert not found.has_account


def test_a_protected_purpose_is_a_group_that_must_not_be_flagged() -> None:
    (found,) = examples_of([judged(purpose="counter_extremism")])
    (group,) = found.truth.groups
    assert (group.kind, group.name) == (GroupKind.SPARED, "protected purpose: counter extremism")


def test_what_breaks_a_clause_in_spite_of_its_purpose_is_wanted() -> None:
    (found,) = examples_of([judged(harms={Harm.SUPPORT: True}, purpose="news")])
    assert [group.kind for group in found.truth.groups] == [GroupKind.WANTED]


def test_an_account_that_was_judged_as_a_whole_teaches_of_accounts() -> None:
    (found,) = examples_of([judged(account_supports=True)])
    assert (found.has_account, found.truth.account_supports) == (True, True)


def test_a_post_without_an_account_stands_for_itself() -> None:
    event = post_event("the dawn rises", by=None, event_id="e7")
    (found,) = examples_of([judged(event, account_supports=None)])
    assert (found.account, found.has_account) == ("e7", False)


def test_posts_without_words_are_left_out() -> None:
    assert list(examples_of([judged(post_event("  "))])) == []
