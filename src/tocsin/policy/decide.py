"""Decisions on one event from the rules that hit it.

Comes in: the rules that hit one row, with what they read. Goes out: one decision per subject.
Always holds:

- reasons are ordered by priority, then by the strength of their outcome, then by the gravity of
  their clause, then by id; the first that is not overridden gives clause, outcome and priority;
- an `allow` rule overrides the rules on the same subject whose priority is lower than its own;
  what they propose is held, and says so. If none is left, the outcome is `allow`;
- a subject that only `allow` rules hit has no decision: nothing is left to account for;
- at equal priority `allow` does not override: a person looks;
- labels are changed by the rules that stand, `allow` rules among them, on the account and handle
  that answer for the subject; where two say the opposite of one label, the stronger has its way.

Refused: nothing; a rule whose subject the event does not have (an account rule on an anonymous
post, a report about something else) gives no decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from tocsin.policy.automation import Gate, held_reason
from tocsin.policy.interpret import Trace
from tocsin.policy.spec import Clause, Rule
from tocsin.records import (
    ACTION_STRENGTH,
    ActionKind,
    Decision,
    Event,
    LabelChange,
    LabelHolder,
    MediaUploaded,
    Outcome,
    Reason,
    ReportFiled,
    Signal,
    Subject,
    SubjectKind,
    TrendObserved,
    account_key,
    decision_id,
    handle_key,
    post_of,
)

__all__ = ["Context", "Hit", "author_of", "decide_subject", "overriding_priority", "subject_of"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule whose condition was true, and what it read."""

    rule: Rule
    trace: Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What decisions on one row share; `signals` are the row's."""

    clauses: Mapping[str, Clause]
    signals: Mapping[str, Signal]
    language: str
    versions: Mapping[str, str]
    gate: Gate


def subject_of(event: Event, kind: SubjectKind) -> Subject | None:
    """The subject of this kind that an event is about; None if it has none."""
    found: str | None = None
    if isinstance(event, ReportFiled):
        found = event.target.id if event.target.kind == kind else None
    elif kind == "post":
        post = post_of(event)
        found = post.id if post is not None else None
    elif kind == "account":
        found = account_key(event.actor)
    elif kind == "hashtag" and isinstance(event, TrendObserved):
        found = event.hashtag
    elif kind == "media" and isinstance(event, MediaUploaded):
        found = event.media.sha256 or event.media.id
    return None if found is None else Subject(kind=kind, id=found)


def author_of(event: Event) -> str | None:
    """The account that answers for the subject: never the one that filed a report about it."""
    if isinstance(event, ReportFiled):
        return event.target.id if event.target.kind == "account" else None
    return account_key(event.actor)


def _label_key(event: Event, holder: LabelHolder) -> str | None:
    """Whose labels change: those of the account that answers for the subject, or of its handle."""
    if holder is LabelHolder.ACCOUNT:
        return author_of(event)
    return None if isinstance(event, ReportFiled) else handle_key(event.actor)


def overriding_priority(rules: Sequence[Rule]) -> int:
    """The priority below which rules are overridden; -1 where no `allow` rule hit."""
    return max((rule.priority for rule in rules if rule.outcome is Outcome.ALLOW), default=-1)


def decide_subject(
    *,
    event: Event,
    subject: Subject,
    hits: Sequence[Hit],
    context: Context,
) -> Decision | None:
    """The decision on one subject; None where only `allow` rules hit."""
    if all(hit.rule.outcome is Outcome.ALLOW for hit in hits):
        return None
    ordered = sorted(hits, key=lambda hit: _rank(hit.rule, context.clauses))
    floor = overriding_priority([hit.rule for hit in ordered])
    standing = [
        hit.rule
        for hit in ordered
        if hit.rule.outcome is not Outcome.ALLOW and hit.rule.priority >= floor
    ]
    allowing = [hit.rule for hit in ordered if hit.rule.outcome is Outcome.ALLOW]
    strongest = standing[0] if standing else allowing[0]
    automatic, held = _actions(ordered, standing, allowing, context)
    read = sorted({name for hit in hits for name in hit.trace.signals})
    names = dict(sorted(context.versions.items()))
    return Decision(
        id=decision_id(subject, event.id, names),
        subject=subject,
        event=event.id,
        event_at=event.at,
        actor=author_of(event),
        language=context.language,
        clause=strongest.clause,
        outcome=strongest.outcome,
        priority=strongest.priority,
        reasons=tuple(_reason(hit) for hit in ordered),
        signals=tuple(context.signals[name] for name in read),
        automatic=automatic,
        held=held,
        labels=_labels(event, ordered, floor),
        versions=names,
    )


def _rank(rule: Rule, clauses: Mapping[str, Clause]) -> tuple[int, int, int, str]:
    action = rule.outcome.action
    strength = ACTION_STRENGTH[action] + 2 if action is not None else 0
    if rule.outcome is Outcome.REVIEW:
        strength = 1
    return -rule.priority, -strength, -clauses[rule.clause].severity, rule.id


def _reason(hit: Hit) -> Reason:
    rule, read = hit.rule, hit.trace
    return Reason(
        rule=rule.id,
        rule_version=rule.version,
        clause=rule.clause,
        outcome=rule.outcome,
        priority=rule.priority,
        values=read.values,
        missing=read.missing,
        signals=read.signals,
        spans=read.spans,
    )


def _labels(event: Event, ordered: Sequence[Hit], floor: int) -> tuple[LabelChange, ...]:
    """What the rules that stand put on and take off; `ordered` has the strongest first."""
    made: list[LabelChange] = []
    said: dict[tuple[LabelHolder, str], bool] = {}
    for rule in (hit.rule for hit in ordered if hit.rule.labels):
        if rule.outcome is not Outcome.ALLOW and rule.priority < floor:
            continue
        for change in rule.labels:
            key = _label_key(event, change.holder)
            is_added = said.setdefault((change.holder, change.name), change.is_added)
            if key is not None and is_added is change.is_added:
                made.append(msgspec.structs.replace(change, key=key, rule=rule.id))
    return tuple(made)


def _actions(
    ordered: Sequence[Hit],
    standing: Sequence[Rule],
    allowing: Sequence[Rule],
    context: Context,
) -> tuple[tuple[ActionKind, ...], dict[str, str]]:
    automatic: dict[ActionKind, None] = {}
    held: dict[str, str] = {}
    for rule in standing:
        action = rule.outcome.action
        if action is None:
            continue
        reason = held_reason(
            rule, action, context.clauses[rule.clause], context.language, context.gate
        )
        if reason is None:
            automatic[action] = None
        else:
            held.setdefault(action.value, reason)
    standing_ids = {rule.id for rule in standing}
    for rule in (hit.rule for hit in ordered):
        action = rule.outcome.action
        if action is not None and rule.id not in standing_ids:
            held.setdefault(action.value, f"overridden by the rule `{allowing[0].id}`")
    taken = tuple(sorted(automatic, key=ACTION_STRENGTH.__getitem__))
    return taken, {
        action: reason for action, reason in sorted(held.items()) if action not in automatic
    }
