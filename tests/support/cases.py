"""Decisions, cases and actions in a store, as if the pipeline had made them.

Comes in: a store and the few values that a test cares about. Goes out: ids. Everything enters
through the log, as in real life.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tocsin.config import Settings
from tocsin.records import (
    ActionKind,
    Case,
    CaseOpinion,
    Decision,
    Event,
    Judgement,
    LabelChange,
    Outcome,
    Reason,
    Signal,
    Subject,
    account_key,
    decision_id,
    moves_of,
    post_of,
)
from tocsin.store import cases, opinions
from tocsin.store.store import Store
from tocsin.testing import FakeClock, batch_of, post_event

__all__ = [
    "PLAIN_POLICY",
    "PlainClause",
    "PlainPolicy",
    "case_about",
    "decision_on",
    "give_opinion",
    "new_store",
    "opinion_on",
]


@dataclass(frozen=True)
class PlainClause:
    """A clause with nothing but its actions."""

    id: str
    title: str
    actions: tuple[ActionKind, ...]


@dataclass(frozen=True)
class PlainPolicy:
    """A policy with nothing but its clauses."""

    clauses: MappingProxyType[str, PlainClause] = field(
        default_factory=lambda: MappingProxyType(
            {
                "terror.support": PlainClause(
                    "terror.support",
                    "Support",
                    (
                        ActionKind.LABEL,
                        ActionKind.WARN,
                        ActionKind.WITHHOLD,
                        ActionKind.HIDE,
                        ActionKind.REMOVE,
                        ActionKind.SUSPEND,
                    ),
                ),
                "spam.mild": PlainClause("spam.mild", "Mild", (ActionKind.LABEL,)),
            }
        )
    )


PLAIN_POLICY = PlainPolicy()


@contextmanager
def new_store(url: str, clock: FakeClock | None = None, **settings: object) -> Iterator[Store]:
    """A store on this database, closed afterwards."""
    store = Store.open(Settings(database_url=url, **settings), clock or FakeClock())  # type: ignore[arg-type]  # the test names real settings
    try:
        yield store
    finally:
        store.close()


def decision_on(
    event: Event,
    *,
    clause: str = "terror.support",
    outcome: Outcome = Outcome.REVIEW,
    priority: int = 500,
    language: str = "en",
    automatic: tuple[ActionKind, ...] = (),
    signals: tuple[Signal, ...] = (),
    labels: tuple[LabelChange, ...] = (),
) -> Decision:
    """A decision that one rule made about the post of an event."""
    post = post_of(event)
    assert post is not None
    subject = Subject(kind="post", id=post.id)
    versions = {"policy": "1"}
    reason = Reason(
        rule="support_phrase",
        rule_version="1",
        clause=clause,
        outcome=outcome,
        priority=priority,
        values={"lang": language, "account_age": 3600.0},
        missing=("followers",),
        signals=tuple(signal.name for signal in signals),
    )
    return Decision(
        id=decision_id(subject, event.id, versions),
        subject=subject,
        event=event.id,
        event_at=event.at,
        actor=account_key(event.actor),
        language=language,
        clause=clause,
        outcome=outcome,
        priority=priority,
        reasons=(reason,),
        signals=signals,
        automatic=automatic,
        labels=labels,
        versions=versions,
    )


def case_about(
    store: Store,
    text: str = "dawn of iron rises",
    *,
    event: Event | None = None,
    priority: int = 500,
    language: str = "en",
    clause: str = "terror.support",
    automatic: tuple[ActionKind, ...] = (),
    signals: tuple[Signal, ...] = (),
) -> Case:
    """An open case about a post with this text."""
    event = event or post_event(text)
    decision = decision_on(
        event,
        priority=priority,
        language=language,
        clause=clause,
        automatic=automatic,
        signals=signals,
    )
    batch = batch_of(event, received_at=store.clock.now())
    with store.write() as transaction:
        transaction.record_events(batch, Judgement(decisions=(decision,)))
    with store.read() as connection:
        where = cases.CaseFilter(subject=decision.subject)
        return cases.list_cases(connection, where)[0]


def opinion_on(
    case: Case,
    *,
    score: float = 0.9,
    moves: int | None = None,
    abstained: bool = False,
    is_current: bool = True,
    model: str = "served-name",
) -> CaseOpinion:
    """What a model says of the first decision of a case."""
    return CaseOpinion(
        case=case.id,
        decision=case.decisions[0],
        event="event",
        clause=case.clause,
        words="words-1",
        model=model,
        version="1",
        style="generic",
        label=None if abstained else "breach" if score > 0.5 else "no_breach",
        score=None if abstained else score,
        queue_priority=None if abstained else score,
        moves=0 if abstained else moves_of(score) if moves is None else moves,
        reason="the server is away" if abstained else "",
        is_current=is_current,
        by="usr_1",
    )


def give_opinion(
    store: Store, case: Case, *, rationale: str = "", draft: str = "", **what: Any
) -> Case:
    """Write an opinion down; the case as it stands then."""
    with store.write() as transaction:
        opinions.record(transaction, opinion_on(case, **what), words=(rationale, draft))
    with store.read() as connection:
        found = cases.get(connection, case.id)
    assert found is not None
    return found
